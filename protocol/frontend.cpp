#include "protocol/frontend.hpp"

#include "protocol/reader.hpp"
#include "protocol/tags.hpp"
#include "protocol/writer.hpp"

namespace protocol {
namespace {

constexpr std::size_t int16_size = 2, int32_size = 4;

// Byte1 and a name, the body of Describe and of Close.
template <class View>
result<View> decode_target(bytes body) {
    reader in(body);
    View view;
    view.what = static_cast<char>(in.int8());
    view.name = in.string();
    if (!in.failed() && view.what != 'S' && view.what != 'P') in.fail(errc::bad_value);
    return in.finish(view);
}

}  // namespace

result<query_view> decode_query(const frame& f) {
    reader in(f.body);
    return in.finish(query_view{in.string()});
}

result<parse_view> decode_parse(const frame& f) {
    reader in(f.body);
    parse_view parse;
    parse.statement = in.string();
    parse.sql = in.string();
    parse.types = int32_list(in.take(int32_size * in.count16(int32_size)));
    return in.finish(parse);
}

result<bind_view> decode_bind(const frame& f) {
    reader in(f.body);
    bind_view bind;
    bind.portal = in.string();
    bind.statement = in.string();
    const auto formats = in.count16(int16_size);
    bind.formats = in.take(int16_size * formats);
    bind.parameters = in.count16(int32_size);
    if (!in.failed() && formats > 1 && formats != bind.parameters) in.fail(errc::bad_value);
    const auto values = in.rest();
    for (std::size_t i = 0; i < bind.parameters && !in.failed(); ++i) in.sized();
    bind.values = values.first(values.size() - in.rest().size());
    bind.result_formats = in.take(int16_size * in.count16(int16_size));
    return in.finish(bind);
}

result<describe_view> decode_describe(const frame& f) { return decode_target<describe_view>(f.body); }

result<close_view> decode_close(const frame& f) { return decode_target<close_view>(f.body); }

result<execute_view> decode_execute(const frame& f) {
    reader in(f.body);
    execute_view execute;
    execute.portal = in.string();
    execute.rows = static_cast<std::int32_t>(in.int32());
    return in.finish(execute);
}

buffer encode_query(std::string_view sql) { return writer(frontend::query).string(sql).finish(); }

buffer encode_parse(std::string_view statement, std::string_view sql, std::span<const std::uint32_t> types) {
    writer out(frontend::parse);
    out.string(statement).string(sql).count16(types.size());
    for (const auto type : types) out.int32(type);
    return out.finish();
}

buffer encode_bind(std::string_view portal, std::string_view statement, std::span<const std::optional<std::string>> values) {
    writer out(frontend::bind);
    out.string(portal).string(statement).count16(0).count16(values.size());
    for (const auto& value : values) out.sized(value);
    return out.count16(0).finish();
}

buffer encode_close(char what, std::string_view name) { return writer(frontend::close).int8(what).string(name).finish(); }

buffer encode_copy_fail(std::string_view why) { return writer(frontend::copy_fail).string(why).finish(); }

buffer encode_execute(std::string_view portal, std::int32_t rows) {
    return writer(frontend::execute).string(portal).int32(static_cast<std::uint32_t>(rows)).finish();
}

buffer encode_sync() { return writer(frontend::sync).finish(); }

buffer encode_flush() { return writer(frontend::flush).finish(); }

}  // namespace protocol
