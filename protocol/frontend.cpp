#include "protocol/frontend.hpp"

#include "protocol/reader.hpp"
#include "protocol/writer.hpp"

namespace protocol {
namespace {

constexpr std::uint32_t null_length = 0xffffffff;

void skip_formats(reader& in) {
    for (auto n = in.count(2); n > 0; --n) (void)in.u16();
}

}  // namespace

result<query_view> decode_query(const frame& f) {
    reader in(f.body);
    query_view q{in.string()};
    return in.finish(q);
}

result<parse_view> decode_parse(const frame& f) {
    reader in(f.body);
    parse_view p;
    p.statement = in.string();
    p.sql = in.string();
    for (auto n = in.count(4); n > 0; --n) (void)in.u32();
    return in.finish(p);
}

result<bind_view> decode_bind(const frame& f) {
    reader in(f.body);
    bind_view b;
    b.portal = in.string();
    b.statement = in.string();
    skip_formats(in);
    for (auto n = in.count(4); n > 0; --n)
        if (const auto length = in.u32(); length != null_length) (void)in.take(length);
    skip_formats(in);
    return in.finish(b);
}

result<execute_view> decode_execute(const frame& f) {
    reader in(f.body);
    execute_view e;
    e.portal = in.string();
    e.rows = in.u32();
    return in.finish(e);
}

result<close_view> decode_close(const frame& f) {
    reader in(f.body);
    close_view c;
    c.what = static_cast<char>(in.u8());
    c.name = in.string();
    return in.finish(c);
}

buffer encode_query(std::string_view sql) { return writer('Q').string(sql).finish(); }

buffer encode_parse(std::string_view statement, std::string_view sql) {
    return writer('P').string(statement).string(sql).u16(0).finish();
}

buffer encode_bind(std::string_view portal, std::string_view statement, std::span<const std::optional<std::string>> parameters) {
    writer out('B');
    out.string(portal).string(statement).u16(0).u16(parameters.size());
    for (const auto& p : parameters) {
        if (p)
            out.u32(p->size()).raw(*p);
        else
            out.u32(null_length);
    }
    return out.u16(0).finish();
}

buffer encode_execute(std::string_view portal) { return writer('E').string(portal).u32(0).finish(); }
buffer encode_close(char what, std::string_view name) { return writer('C').u8(what).string(name).finish(); }
buffer encode_sync() { return writer('S').finish(); }
buffer encode_flush() { return writer('H').finish(); }

}  // namespace protocol
