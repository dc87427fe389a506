#include "policy/type_change.hpp"

#include <algorithm>
#include <array>

namespace policy {
namespace {

// pg_type.dat: the oids of built-in types never change.
enum : std::uint32_t {
    int8_oid = 20, int2_oid = 21, int4_oid = 23, text_oid = 25, bpchar_oid = 1042, varchar_oid = 1043, time_oid = 1083,
    timestamp_oid = 1114, timestamptz_oid = 1184, interval_oid = 1186, timetz_oid = 1266, bit_oid = 1560, varbit_oid = 1562, numeric_oid = 1700, inet_oid = 869, cidr_oid = 650,
};

// parse_utilcmd.c, transformColumnDefinition: what stands for an integer with a sequence.
struct serial_type {
    std::string_view name;
    std::uint32_t oid;
};
constexpr std::array<serial_type, 6> serials{{{"smallserial", int2_oid}, {"serial2", int2_oid}, {"serial", int4_oid},
                                              {"serial4", int4_oid}, {"bigserial", int8_oid}, {"serial8", int8_oid}}};

// The modifier that a type's words come to, as the type's typmodin function makes it.
std::int32_t modifier_of(std::uint32_t type, const type_words& to, const type_facts& facts) {
    if (to.modifiers.empty()) {
        // SQL's own default: char is char(1), bit is bit(1). The grammar writes them out.
        return facts.modifier;
    }
    switch (type) {
    case varchar_oid:
    case bpchar_oid: return to.modifiers[0] + 4;
    case numeric_oid: {
        const auto scale = to.modifiers.size() > 1 ? to.modifiers[1] : 0;
        return static_cast<std::int32_t>((static_cast<std::uint32_t>(to.modifiers[0]) << 16 | (static_cast<std::uint32_t>(scale) & 0x7ff)) + 4);
    }
    case interval_oid: {
        const auto digits = to.modifiers.size() > 1 ? to.modifiers[1] : 0xffff;
        return static_cast<std::int32_t>(static_cast<std::uint32_t>(to.modifiers[0]) << 16 | static_cast<std::uint32_t>(digits));
    }
    default: return to.modifiers[0];
    }
}

// timestamp.c, numeric.c, varchar.c, varbit.c: each length coercion has a support function that knows when there is
// nothing to do. `-1`: no limit.
bool widens(std::uint32_t type, std::int32_t from, std::int32_t to) {
    if (to == from || (to < 0 && type != bpchar_oid && type != bit_oid)) return true;
    switch (type) {
    case varchar_oid:
    case varbit_oid: return from >= 0 && to >= from;
    case numeric_oid: {
        if (from < 0) return false;
        const auto precision = [](std::int32_t m) { return (m - 4) >> 16; };
        const auto scale = [](std::int32_t m) { return (m - 4) & 0x7ff; };
        return scale(from) == scale(to) && precision(to) >= precision(from);
    }
    case time_oid:
    case timetz_oid:
    case timestamp_oid:
    case timestamptz_oid: return to >= 6 || (from >= 0 && to >= from);
    case interval_oid: {
        const auto fields = [](std::int32_t m) { return m < 0 ? 0x7fff : (m >> 16) & 0x7fff; };
        const auto digits = [](std::int32_t m) { const auto d = m & 0xffff; return m < 0 || d == 0xffff ? 6 : d; };
        // The finest field that is kept must not get coarser; 0x1000 is SECOND, then MINUTE 0x0800, HOUR, DAY, MONTH, YEAR.
        const auto finest = [](int f) {
            constexpr std::array order{0x1000, 0x0800, 0x0400, 0x0008, 0x0002, 0x0004};
            for (std::size_t i = 0; i < order.size(); ++i)
                if (f & order[i]) return static_cast<int>(i);
            return 6;
        };
        const bool seconds = finest(fields(to)) == 0;
        return finest(fields(to)) <= finest(fields(from)) && (!seconds || digits(to) >= std::min(digits(from), 6) || finest(fields(from)) != 0);
    }
    default: return false;
    }
}

bool is_utc(std::string_view zone) noexcept {
    // Zones whose offset is zero at all times, as session_timezone's rules say; a name that is not here may be, too.
    constexpr std::array names{"UTC", "GMT", "Etc/UTC", "Etc/GMT", "Etc/Universal", "Etc/Zulu", "Etc/Greenwich", "Etc/UCT", "UCT",
                               "Universal", "Zulu", "Greenwich", "Etc/GMT0", "Etc/GMT+0", "Etc/GMT-0", "GMT0", "GMT+0", "GMT-0",
                               "<+00>-00", "+00", "-00"};
    return std::find(names.begin(), names.end(), zone) != names.end();
}

bool has(const std::vector<std::array<std::uint32_t, 2>>& casts, std::uint32_t from, std::uint32_t to) {
    return std::find(casts.begin(), casts.end(), std::array{from, to}) != casts.end();
}

bool stored_alike(std::uint32_t from, std::uint32_t to, const catalog_facts& catalog, const session_facts& session) {
    if (from == to || has(catalog.free_casts, from, to)) return true;
    // ATColumnChangeRequiresRewrite, tablecmds.c
    const bool zones = (from == timestamp_oid && to == timestamptz_oid) || (from == timestamptz_oid && to == timestamp_oid);
    return zones && is_utc(session.time_zone);
}

// varchar(10)[]: no support function looks into an array.
bool is_array(const column_words& to) noexcept { return to.type_parts.array; }

}  // namespace

bool has_type(const column_facts& column, const column_words& named, const catalog_facts& catalog) {
    if (named.serial) {
        const auto is = std::find_if(serials.begin(), serials.end(), [&](const auto& s) { return s.name == named.type_parts.name; });
        return is != serials.end() && column.declared == is->oid;
    }
    const auto* type = catalog.type(named.type_parts);
    return type && type->oid == column.declared && modifier_of(type->base, named.type_parts, *type) == column.modifier;
}

bool keeps_rows(const column_facts& from, const column_words& to, const catalog_facts& catalog, const session_facts& session) {
    const auto* type = catalog.type(to.type_parts);
    if (!type) return false;
    if (to.using_) {
        if (to.using_->bare_column != from.name) return false;
        for (const auto& cast : to.using_->casts) {
            const auto* through = catalog.type(cast);
            if (!through || through->oid != type->oid) return false;
        }
    }
    if (type->constrained && from.declared != type->oid) return false;
    if (!stored_alike(from.type, type->base, catalog, session)) return false;
    const auto modifier = modifier_of(type->base, to.type_parts, *type);
    if (is_array(to)) return modifier < 0 || modifier == from.modifier;
    if (from.type != type->base && !(from.type == timestamp_oid || from.type == timestamptz_oid))
        return modifier < 0 || (type->base == varchar_oid && from.type == varchar_oid);
    return widens(type->base, from.modifier, modifier);
}

bool keeps_index(const column_facts& from, const column_words& to, const catalog_facts& catalog) {
    const auto* type = catalog.type(to.type_parts);
    if (!type) return false;
    const auto collation = to.collation ? 0u : type->collation;
    if (from.collation != 0 && to.collation) return false;
    if (from.collation != 0 && collation != 0 && from.collation != collation) return false;
    if (from.type == type->base) return true;
    // Types that share their operator class: varchar has text's, cidr has inet's.
    const auto one_of = [&](std::uint32_t a, std::uint32_t b) {
        return (from.type == a || from.type == b) && (type->base == a || type->base == b);
    };
    return one_of(text_oid, varchar_oid) || one_of(inet_oid, cidr_oid);
}

}  // namespace policy
