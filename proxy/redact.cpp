#include "proxy/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "policy/scanner.hpp"

namespace proxy {
namespace {

using policy::token_kind;
using policy::word;

constexpr std::string_view hidden = "'***'";

// What the names of secrets are made of; passwords and tokens of foreign servers are options of any name.
constexpr std::array<std::string_view, 13> secrets{"passw",   "passphrase", "passcode",   "pwd",         "secret", "credential", "api_key",
                                                   "apikey", "access_key", "accesskey", "private_key", "token",  "conninfo"};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

// A URI that holds user:password@, or may: behind the colon stands something that is no port.
bool holds_uri_with_password(std::string_view text) {
    for (auto at = text.find("://"); at != text.npos; at = text.find("://", at + 3)) {
        const auto authority = text.substr(at + 3, text.find_first_of("/?# \t\n'", at + 3) - at - 3);
        const auto colon = authority.find(':');
        if (colon != authority.npos && authority.find_first_not_of("0123456789", colon + 1) != authority.npos) return true;
    }
    return false;
}

bool speaks_of_secret(std::string_view text) {
    const auto words = lower(text);
    return std::any_of(secrets.begin(), secrets.end(), [&](std::string_view s) { return words.find(s) != words.npos; }) ||
           holds_uri_with_password(text);
}

// Walks the tokens and copies them, and what stands between them, but for the secrets.
class redaction {
public:
    redaction(std::string_view sql, bool understood)
        : sql_(sql), scan_(sql, {.standard_conforming_strings = false}), understood_(understood) {}

    std::string run() && {
        for (;;) {
            const auto t = scan_.next();
            if (t.kind == token_kind::broken || t.kind == token_kind::unfinished) {
                out_ += hidden;
                return std::move(out_);
            }
            copy_gap(t.begin);
            if (t.kind == token_kind::end) return std::move(out_);
            const auto text = sql_.substr(t.begin, t.end - t.begin);
            if (t.kind == token_kind::literal && text != "$")  // the $ of $1
                on_literal(text);
            else
                on_other(t, text);
            word_before_ = t.letters;
            done_ = t.end;
        }
    }

private:
    // White space and comments.
    void copy_gap(std::size_t end) {
        const auto gap = sql_.substr(done_, end - done_);
        if (speaks_of_secret(gap))
            out_ += " /* *** */ ";
        else
            out_ += gap;
    }

    void on_literal(std::string_view text) {
        const bool user_name = word_before_ == word("user") || word_before_ == word("username");
        const bool secret = !understood_ || expected_ || continued_ || (mapping_ && !user_name) || speaks_of_secret(text);
        out_ += secret ? hidden : text;
        continued_ = secret;
        expected_ = false;
    }

    void on_other(const policy::token& t, std::string_view text) {
        out_ += text;
        continued_ = false;
        if (t.is(';')) mapping_ = false;
        if (t.is(word("mapping")) && word_before_ == word("user")) mapping_ = true;
        // What is written with escapes, U&"p\0061ssword", may be any name.
        const bool escaped = t.kind == token_kind::quoted_name && text.find('\\') != text.npos;
        if (t.is(word("connection")) || escaped || speaks_of_secret(text)) expected_ = true;
        if (t.is(',') || t.is(';') || t.kind == token_kind::number) expected_ = false;
    }

    std::string_view sql_;
    policy::scanner scan_;
    std::string out_;
    std::size_t done_ = 0;  // copied up to here
    bool understood_;
    bool continued_ = false;  // 'a' newline 'b' is one literal
    policy::keyword word_before_ = 0;
    bool expected_ = false;  // the next literal of this part of the statement is a secret
    bool mapping_ = false;   // CREATE or ALTER USER MAPPING
};

}  // namespace

std::string redacted(std::string_view sql, bool understood) {
    const auto words = lower(sql);
    const bool clean = !speaks_of_secret(sql) && words.find("connection") == words.npos && words.find("mapping") == words.npos &&
                       sql.find("U&\"") == sql.npos && sql.find("u&\"") == sql.npos;
    return clean ? std::string(sql) : redaction(sql, understood).run();
}

}  // namespace proxy
