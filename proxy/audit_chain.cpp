#include "proxy/audit_chain.hpp"

#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace proxy {
namespace {

constexpr std::string_view seq_member = ",\"seq\":", prev_member = ",\"prev\":\"", hash_member = ",\"hash\":\"";
constexpr std::size_t digits = 64;

bool is_hash(std::string_view text) {
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Takes `tail` off the end of the text; false: it does not end so.
bool take_end(std::string_view& text, std::string_view tail) {
    if (!text.ends_with(tail)) return false;
    text.remove_suffix(tail.size());
    return true;
}

// Takes a hash off the end.
std::optional<std::string> take_hash(std::string_view& text) {
    if (text.size() < digits || !is_hash(text.substr(text.size() - digits))) return std::nullopt;
    std::string hash(text.substr(text.size() - digits));
    text.remove_suffix(digits);
    return hash;
}

std::string read_at(int descriptor, std::size_t from, std::size_t size) {
    std::string out(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const auto got = ::pread(descriptor, out.data() + done, size - done, static_cast<off_t>(from + done));
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    return out;
}

}  // namespace

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    std::string out;
    for (const auto byte : digest) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

std::string chained(std::string_view json, audit_link& last) {
    std::string line(json.substr(0, json.size() - 1));
    line += (json == "{}" ? seq_member.substr(1) : seq_member);
    line += std::to_string(last.seq + 1);
    line.append(prev_member).append(last.hash).append("\"");
    last = {last.seq + 1, sha256(line)};
    return line.append(hash_member).append(last.hash).append("\"}\n");
}

std::optional<chained_line> read_link(std::string_view line) {
    chained_line out;
    auto rest = line;
    if (!take_end(rest, "\"}")) return std::nullopt;
    auto hash = take_hash(rest);
    if (!hash || !take_end(rest, hash_member)) return std::nullopt;
    out.intact = sha256(rest) == *hash;
    out.link.hash = std::move(*hash);
    if (!take_end(rest, "\"")) return std::nullopt;
    auto prev = take_hash(rest);
    if (!prev || !take_end(rest, prev_member)) return std::nullopt;
    out.prev = std::move(*prev);
    const auto number = rest.rfind(seq_member.back());
    if (number == rest.npos || !rest.substr(0, number + 1).ends_with(seq_member.substr(1))) return std::nullopt;
    const auto* const end = rest.data() + rest.size();
    const auto [stopped, failed] = std::from_chars(rest.data() + number + 1, end, out.link.seq);
    if (failed != std::errc{} || stopped != end) return std::nullopt;
    return out;
}

audit_end read_end(int descriptor) {
    struct stat is {};
    if (::fstat(descriptor, &is) != 0 || !S_ISREG(is.st_mode)) return {};
    const auto size = static_cast<std::size_t>(is.st_size);
    audit_end out;
    // Back from the end until the last whole line is seen with the line break before it, or the beginning is reached.
    for (std::size_t look = 1u << 16;; look *= 4) {
        const auto from = size > look ? size - look : 0;
        const auto text = read_at(descriptor, from, size - from);
        const auto last_break = text.rfind('\n');
        const auto before = last_break == text.npos || last_break == 0 ? text.npos : text.rfind('\n', last_break - 1);
        if (before == text.npos && from > 0) continue;
        out.torn = last_break == text.npos ? text : text.substr(last_break + 1);
        if (last_break == text.npos) return out;
        const auto begin = before == text.npos ? 0 : before + 1;
        if (const auto line = read_link(std::string_view(text).substr(begin, last_break - begin))) out.last = line->link;
        return out;
    }
}

std::string read_beginning(int descriptor, std::size_t most) {
    auto text = read_at(descriptor, 0, most);
    return text.substr(0, text.find('\n'));
}

}  // namespace proxy
