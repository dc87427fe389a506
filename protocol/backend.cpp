#include "protocol/backend.hpp"

#include <algorithm>

#include "protocol/reader.hpp"
#include "protocol/writer.hpp"

namespace protocol {
namespace {

constexpr std::uint32_t null_length = 0xffffffff;
constexpr std::size_t shortest_key = 4, longest_key = 256;

buffer encode_fields(char tag, const error_fields& fields) {
    writer out(tag);
    for (const auto& [type, value] : fields.all()) out.u8(type).string(value);
    return out.u8('\0').finish();
}

}  // namespace

std::string_view error_fields::get(char type) const noexcept {
    const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const auto& f) { return f.first == type; });
    return found == fields_.end() ? std::string_view{} : found->second;
}

void error_fields::set(char type, std::string value) {
    const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const auto& f) { return f.first == type; });
    if (found == fields_.end())
        fields_.emplace_back(type, std::move(value));
    else
        found->second = std::move(value);
}

void error_fields::remove(char type) {
    std::erase_if(fields_, [&](const auto& f) { return f.first == type; });
}

error_fields make_error(std::string_view severity, std::string_view sqlstate, std::string message) {
    error_fields out;
    out.set('S', std::string(severity));
    out.set('V', std::string(severity));
    out.set('C', std::string(sqlstate));
    out.set('M', std::move(message));
    return out;
}

result<error_fields> decode_error(bytes body) {
    reader in(body);
    error_fields out;
    while (const auto type = in.u8()) {
        const auto value = in.string();
        if (in.bad()) break;
        out.set(static_cast<char>(type), std::string(value));
    }
    return in.finish(std::move(out));
}

result<backend_key> decode_backend_key(bytes body) {
    reader in(body);
    backend_key key{in.u32()};
    if (in.left() < shortest_key || in.left() > longest_key) return errc::bad_length;
    (void)in.take(in.left());
    return in.finish(key);
}

result<std::pair<std::string_view, std::string_view>> decode_parameter_status(bytes body) {
    reader in(body);
    const auto name = in.string();
    const auto value = in.string();
    return in.finish(std::pair{name, value});
}

result<std::vector<std::optional<std::string>>> decode_data_row(bytes body) {
    reader in(body);
    std::vector<std::optional<std::string>> row;
    const auto columns = in.count(4);
    row.reserve(columns);
    for (std::size_t i = 0; i < columns && !in.bad(); ++i) {
        const auto length = in.u32();
        if (length == null_length)
            row.emplace_back();
        else
            row.emplace_back(as_text(in.take(length)));
    }
    return in.finish(std::move(row));
}

buffer encode_error(const error_fields& fields) { return encode_fields('E', fields); }
buffer encode_notice(const error_fields& fields) { return encode_fields('N', fields); }
buffer encode_ready(char status) { return writer('Z').u8(status).finish(); }
buffer encode_command_complete(std::string_view tag) { return writer('C').string(tag).finish(); }

}  // namespace protocol
