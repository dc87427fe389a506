#pragma once

#include <string>
#include <string_view>

#include "policy/statement.hpp"

namespace policy {

// An identifier as SQL text, always in double quotes. Not `quoted`: beside a std::string that would find std::quoted first.
std::string quote_ident(std::string_view identifier);

// "schema"."name", or "name" where there is no schema.
std::string quote_ident(const relation_name& name);

// For people: quoted only where PostgreSQL would have to.
std::string readable(std::string_view identifier);
std::string readable(const relation_name& name);

// A string constant that reads the same under both settings of standard_conforming_strings.
std::string literal(std::string_view value);

// An array constant in PostgreSQL's text format, for a parameter of type text[].
template <class Strings>
std::string array_literal(const Strings& values) {
    std::string out = "{";
    for (const std::string& value : values) {
        if (out.size() > 1) out += ',';
        out += '"';
        for (char c : value) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

}  // namespace policy
