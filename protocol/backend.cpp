#include "protocol/backend.hpp"

#include <algorithm>

#include "protocol/limits.hpp"
#include "protocol/reader.hpp"
#include "protocol/tags.hpp"
#include "protocol/writer.hpp"

namespace protocol {
namespace {

buffer encode_fields(char tag, const error_fields& fields) {
    writer out(tag);
    for (const auto& [type, value] : fields.all()) out.int8(type).string(value);
    return out.int8(0).finish();
}

bool is_status(char c) noexcept { return c == 'I' || c == 'T' || c == 'E'; }

}  // namespace

std::string_view error_fields::get(char type) const noexcept {
    const auto found = std::find_if(fields_.begin(), fields_.end(), [type](const auto& f) { return f.first == type; });
    return found == fields_.end() ? std::string_view{} : found->second;
}

void error_fields::set(char type, std::string value) {
    const auto found = std::find_if(fields_.begin(), fields_.end(), [type](const auto& f) { return f.first == type; });
    if (found == fields_.end())
        fields_.emplace_back(type, std::move(value));
    else
        found->second = std::move(value);
}

void error_fields::remove(char type) {
    std::erase_if(fields_, [type](const auto& f) { return f.first == type; });
}

error_fields make_error(std::string_view severity, std::string_view sqlstate, std::string message) {
    error_fields error;
    error.set('S', std::string(severity));
    error.set('V', std::string(severity));
    error.set('C', std::string(sqlstate));
    error.set('M', std::move(message));
    return error;
}

result<error_fields> decode_error(bytes body) {
    reader in(body);
    error_fields error;
    while (const auto type = static_cast<char>(in.int8())) {
        const auto value = in.string();
        const auto before = error.all().size();
        error.set(type, std::string(value));
        if (error.all().size() == before) in.fail(errc::bad_value);  // twice: which one counts is anybody's guess
    }
    return in.finish(std::move(error));
}

buffer encode_error(const error_fields& fields) { return encode_fields(backend::error_response, fields); }

buffer encode_notice(const error_fields& fields) { return encode_fields(backend::notice_response, fields); }

result<char> decode_ready(bytes body) {
    reader in(body);
    const auto status = static_cast<char>(in.int8());
    if (!in.failed() && !is_status(status)) in.fail(errc::bad_value);
    return in.finish(status);
}

buffer encode_ready(char status) { return writer(backend::ready_for_query).int8(status).finish(); }

result<std::string_view> decode_command_complete(bytes body) {
    reader in(body);
    return in.finish(in.string());
}

buffer encode_command_complete(std::string_view tag) { return writer(backend::command_complete).string(tag).finish(); }

result<backend_key> decode_backend_key(bytes body) {
    reader in(body);
    backend_key key;
    key.pid = in.int32();
    key.key = in.take(in.rest().size());
    if (!in.failed() && (key.key.size() < shortest_key || key.key.size() > longest_key)) in.fail(errc::bad_length);
    return in.finish(key);
}

result<std::pair<std::string_view, std::string_view>> decode_parameter_status(bytes body) {
    reader in(body);
    const auto name = in.string();
    return in.finish(std::pair{name, in.string()});
}

result<std::vector<std::optional<std::string>>> decode_data_row(bytes body) {
    reader in(body);
    std::vector<std::optional<std::string>> columns(in.count16(4));
    for (auto& column : columns) {
        const auto value = in.sized();
        if (!value.null) column.emplace(as_text(value.octets));
    }
    return in.finish(std::move(columns));
}

result<protocol_offer> decode_negotiate_protocol_version(bytes body) {
    reader in(body);
    protocol_offer offer;
    offer.version = in.int32();
    offer.unknown_options.resize(in.count32(1));
    for (auto& option : offer.unknown_options) option = in.string();
    return in.finish(std::move(offer));
}

}  // namespace protocol
