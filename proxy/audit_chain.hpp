#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// The hash chain of the audit log. The last members of each line are
//
//     ,"seq":17,"prev":"<64 hexadecimal digits>","hash":"<64>"}
//
// `hash` is SHA-256 over all bytes of the line before `,"hash":`, and `prev` is the hash of the line before, in whatever file it
// stands; so no line can be changed, removed or moved without the next one telling. The first of all has seq 1 and 64 zeros.
struct audit_link {
    std::uint64_t seq = 0;  // 0: no record yet
    std::string hash = std::string(64, '0');

    bool operator==(const audit_link&) const = default;
};

std::string sha256(std::string_view bytes);  // 64 hexadecimal digits

// The JSON object as the line that follows `last`, with its line break; `last` is that line then.
std::string chained(std::string_view json, audit_link& last);

// What a line without its line break says of itself.
struct chained_line {
    audit_link link;
    std::string prev;
    bool intact = false;  // the hash is that of its bytes
};
std::optional<chained_line> read_link(std::string_view line);

// How a file ends.
struct audit_end {
    std::optional<audit_link> last;  // of its last whole line, if that is a record
    std::string torn;                // what stands behind it without a line break: a write that was not finished
};
audit_end read_end(int descriptor);

// The first line, or what there is of it within `most` bytes.
std::string read_beginning(int descriptor, std::size_t most);

}  // namespace proxy
