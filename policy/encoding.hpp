#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace policy {

// How many bytes a character has in a client encoding whose characters may end in a byte of ASCII: a backslash there
// escapes nothing, for the server reads the text in its own encoding, where no such thing exists (manual 24.3.1: these
// encodings are for clients only). The lengths are those of PostgreSQL's pg_mblen functions (src/common/wchar.c).
enum class wide_characters : std::uint8_t {
    none,       // UTF8, LATIN1, EUC_JP ...: bytes below 0x80 are ASCII wherever they stand
    sjis,       // SJIS, SHIFT_JIS_2004: two bytes, but one from 0xA1 to 0xDF
    two_bytes,  // BIG5, GBK, UHC
    johab,      // two bytes, behind 0x8F three
    gb18030,    // two bytes, four where the second one is a digit
};

constexpr bool above_ascii(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }

// `name` as the server reports client_encoding.
wide_characters wide_characters_of(std::string_view name) noexcept;

// The text with a byte above ASCII in place of every byte of a wide character: as long as before, and read by a lexer that
// knows nothing of encodings it has the server's words, literals and comments. Names with such characters are not true in it.
std::string masked(std::string_view sql, wide_characters how);

}  // namespace policy
