#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "config/load_reader.hpp"
#include "config/utf8.hpp"

namespace config {
namespace {

// The character at the front of `text`; length 0: it is none of UTF-8.
struct character {
    std::uint32_t code = 0;
    std::size_t length = 0;
};

character first_of(std::string_view text) noexcept {
    const auto length = utf8_length(text);
    if (length == 0) return {};
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    auto code = length == 1 ? byte(0) : byte(0) & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3f);
    return {code, length};
}

// Neither moves the cursor nor rings a bell: what YAML lets stand in a file (1.2, 5.1).
bool is_control(std::uint32_t code) noexcept { return code < 0x20 || (code >= 0x7f && code < 0xa0); }
bool may_stand(std::uint32_t code) noexcept { return code == '\t' || code == '\n' || code == '\r' || code == 0x85 || !is_control(code); }

std::string in_hex(std::uint32_t value) {
    std::array<char, 16> text{};
    return {text.data(), static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%02x", value))};
}

}  // namespace

// The places are yaml-cpp's: lines end with a line feed, columns count bytes.
void source::check_characters(std::string_view text) const {
    YAML::Mark at;  // the beginning
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
    while (!text.empty()) {
        const auto [code, length] = first_of(text);
        if (length == 0) fail(at, "the byte 0x" + in_hex(static_cast<unsigned char>(text[0])) + " is no UTF-8, which a configuration is written in");
        if (!may_stand(code)) fail(at, "the control character 0x" + in_hex(code) + " cannot stand in a configuration");
        at.column = code == '\n' ? 0 : at.column + static_cast<int>(length);
        at.line += code == '\n' ? 1 : 0;
        text.remove_prefix(length);
    }
}

// What comes from a file goes to terminals and logs.
std::string readable(std::string_view text) {
    constexpr std::size_t longest = 400;
    std::string out;
    while (!text.empty() && out.size() < longest) {
        const auto [code, length] = first_of(text);
        if (length == 0 || is_control(code)) out += "\\x" + in_hex(length == 0 ? static_cast<unsigned char>(text[0]) : code);
        else out += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return text.empty() ? out : out + " ...";
}

std::string in_our_words(const YAML::Exception& problem) {
    using namespace YAML::ErrorMsg;
    struct translation {
        std::string_view theirs, ours;
    };
    const std::array list{
        translation{BAD_FILE, "so deep is no configuration"},
        translation{EOF_IN_SCALAR, "the file ends in a text whose closing quote is missing"},
        translation{DOC_IN_SCALAR, "the file ends in a text whose closing quote is missing"},
        translation{END_OF_MAP, "this does not go on with the map above it: an indentation that is not the same, a quote too many, or text behind a value"},
        translation{END_OF_SEQ, "this does not go on with the list above it: an indentation that is not the same, a quote too many, or text behind a value"},
        translation{END_OF_MAP_FLOW, "a '{' is not closed, or a comma is missing in it"},
        translation{END_OF_SEQ_FLOW, "a '[' is not closed, or a comma is missing in it"},
        translation{FLOW_END, "there is nothing open that this could close"},
        translation{MAP_VALUE, "a ':' cannot stand here: is one missing before it, or is an indentation not that of the other keys? A text with ': ' in it needs quotes"},
        translation{BLOCK_ENTRY, "a '-' cannot stand here: entries of one list have the same indentation, made of blanks"},
        translation{TAB_IN_INDENTATION, "a tab cannot stand in an indentation: blanks do"},
        translation{ALIAS_NOT_FOUND, "behind a '*' stands the name of an anchor; a text that begins with it needs quotes"},
        translation{ANCHOR_NOT_FOUND, "behind a '&' stands the name of an anchor; a text that begins with it needs quotes"},
        translation{UNKNOWN_TOKEN, "no text begins with this character unless it stands in quotes"},
    };
    for (const auto& [theirs, ours] : list)
        if (problem.msg == theirs) return std::string(ours);
    return problem.msg;
}

}  // namespace config
