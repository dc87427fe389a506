#include "policy/scanner.hpp"

#include <algorithm>

namespace policy {

token_kind scanner::skip_other(token& t) noexcept {
    const char c = *at_;
    if (class_of(c) == digit) {
        while (at_ < end_ && class_of(*at_) == digit) ++at_;
        return token_kind::number;
    }
    if (c == '$') return skip_dollar_quoted();
    if (c == '\'') return skip_quoted(token_kind::literal, '\'', false, !how_.standard_conforming_strings);
    if (c == '"') return skip_quoted(token_kind::quoted_name, '"', false, false);
    t.symbol = c;
    ++at_;
    return token_kind::symbol;
}

// Block comments nest (manual, 4.1.5). False: no end.
bool scanner::skip_comment() noexcept {
    if (*at_ == '-') {
        while (at_ < end_ && *at_ != '\n' && *at_ != '\r') ++at_;
        line_comment_open_ = at_ == end_;
        return true;
    }
    std::size_t depth = 0;
    while (end_ - at_ > 1) {
        if (at_[0] == '/' && at_[1] == '*') {
            ++depth;
            at_ += 2;
        } else if (at_[0] == '*' && at_[1] == '/') {
            at_ += 2;
            if (--depth == 0) return true;
        } else {
            ++at_;
        }
    }
    open_comments_ = depth;
    return false;
}

// From the opening quote to behind the closing one; a doubled quote stands for itself.
token_kind scanner::skip_quoted(token_kind whole, char quote, bool escapes, bool backslash_is_doubt) noexcept {
    ++at_;
    while (at_ < end_) {
        const char c = *at_++;
        if (c == '\\') {
            if (backslash_is_doubt) return token_kind::broken;
            if (!escapes) continue;
            if (at_ == end_) {
                --at_;
                break;
            }
            ++at_;
        } else if (c == quote) {
            if (at_ == end_ || *at_ != quote) return whole;
            ++at_;
        }
    }
    return token_kind::unfinished;
}

bool scanner::literal_goes_on() const noexcept {
    const char* i = at_;
    while (i < end_ && class_of(*i) == blank) ++i;
    if (i == end_) return false;
    return *i == '\'' || (i > at_ && end_ - i > 1 && i[0] == '-' && i[1] == '-');
}

// $tag$ ... $tag$, or a lone dollar (a parameter, or an error that the server will name).
token_kind scanner::skip_dollar_quoted() noexcept {
    const char* i = at_ + 1;
    if (i < end_ && class_of(*i) == letter)
        while (i < end_ && (class_of(*i) == letter || class_of(*i) == digit)) ++i;
    if (i == end_ || *i != '$') {
        ++at_;
        return token_kind::literal;
    }
    const std::string_view tag(at_, static_cast<std::size_t>(i + 1 - at_));
    const std::string_view rest(i + 1, static_cast<std::size_t>(end_ - i - 1));
    const auto closing = rest.find(tag);
    if (closing == std::string_view::npos) {
        at_ = end_ - std::min(rest.size(), tag.size() - 1);  // the tag may have begun
        return token_kind::unfinished;
    }
    at_ = rest.data() + closing + tag.size();
    return token_kind::literal;
}

}  // namespace policy
