#include "policy/scanner.hpp"

namespace policy {

token_kind scanner::skip_other(token& t) noexcept {
    const char c = *at_;
    if (class_of(c) == digit) {
        while (at_ < end_ && class_of(*at_) == digit) ++at_;
        return token_kind::number;
    }
    if (c == '$') return skip_dollar_quoted() ? token_kind::literal : token_kind::broken;
    if (c == '\'')
        return skip_quoted('\'', false, !how_.standard_conforming_strings) ? token_kind::literal : token_kind::broken;
    if (c == '"') return skip_quoted('"', false, false) ? token_kind::quoted_name : token_kind::broken;
    t.symbol = c;
    ++at_;
    return token_kind::symbol;
}

// Block comments nest (manual, 4.1.5). False: no end.
bool scanner::skip_comment() noexcept {
    if (*at_ == '-') {
        while (at_ < end_ && *at_ != '\n' && *at_ != '\r') ++at_;
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
    at_ = end_;
    return false;
}

// From the opening quote to behind the closing one; a doubled quote stands for itself.
bool scanner::skip_quoted(char quote, bool escapes, bool backslash_is_doubt) noexcept {
    ++at_;
    while (at_ < end_) {
        const char c = *at_++;
        if (c == '\\') {
            if (backslash_is_doubt) return false;
            if (escapes && at_ < end_) ++at_;
        } else if (c == quote) {
            if (at_ == end_ || *at_ != quote) return true;
            ++at_;
        }
    }
    return false;
}

bool scanner::literal_goes_on() const noexcept {
    const char* i = at_;
    while (i < end_ && class_of(*i) == blank) ++i;
    if (i == end_) return false;
    return *i == '\'' || (i > at_ && end_ - i > 1 && i[0] == '-' && i[1] == '-');
}

// $tag$ ... $tag$, or a lone dollar (a parameter, or an error that the server will name).
bool scanner::skip_dollar_quoted() noexcept {
    const char* i = at_ + 1;
    if (i < end_ && class_of(*i) == letter)
        while (i < end_ && (class_of(*i) == letter || class_of(*i) == digit)) ++i;
    if (i == end_ || *i != '$') {
        ++at_;
        return true;
    }
    const std::string_view tag(at_, static_cast<std::size_t>(i + 1 - at_));
    const std::string_view rest(i + 1, static_cast<std::size_t>(end_ - i - 1));
    const auto closing = rest.find(tag);
    if (closing == std::string_view::npos) return false;
    at_ = rest.data() + closing + tag.size();
    return true;
}

}  // namespace policy
