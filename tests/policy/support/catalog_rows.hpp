#pragma once

#include <string>
#include <vector>

#include "policy/judge.hpp"

// The catalog's answer about a table, row by row as read_catalog.cpp reads it.
namespace policy_test {

class catalog {
public:
    catalog() {
        add({"name", "", "orders", "16384", "0"});
        add({"relation", "16384", "public", "orders", "r", "p", "f", "1000000000"});
    }

    catalog& kind(const std::string& relkind) {
        rows_[1][4] = relkind;
        return *this;
    }
    catalog& partition_key(const std::string& attnum) {
        rows_[1].resize(19);
        rows_[1].emplace_back(attnum);
        return *this;
    }
    catalog& other(const std::string& name, const std::string& oid) {
        add({"name", "", name, oid, "0"});
        add({"relation", oid, "public", name, "r", "p", "f", "1000000000"});
        return *this;
    }
    catalog& marked_column(const std::string& name, const std::string& comment) {
        column(name);
        rows_.back().emplace_back(comment);
        return *this;
    }
    catalog& column(const std::string& name, bool not_null = false) {
        add({"column", "16384", name, "23", "-1", "integer", "0", not_null ? "t" : "f", "f", "f", "f", "f", "23", "-1",
             std::to_string(++columns_), "f"});
        return *this;
    }
    catalog& primary_key(const std::string& column) {
        add({"index", "16384", "16390", "orders_pkey", "t", "t", "f", "t", "t", "f", "orders_pkey", "", "t", column});
        return *this;
    }
    // As catalog_sql.cpp spells them.
    catalog& hooks(const std::string& letters) {
        rows_[1].resize(21);
        rows_[1].emplace_back(letters);
        return *this;
    }
    catalog& taken_index(const std::string& name, bool valid, const std::string& definition) {
        add({"taken", "", "orders", name, "t", valid ? "t" : "f", "f", definition});
        return *this;
    }
    catalog& taken_constraint(const std::string& name, bool of_table, const std::string& type, bool valid,
                              const std::string& definition) {
        add({"taken constraint", "", "orders", name, of_table ? "t" : "f", type, valid ? "t" : "f", definition});
        return *this;
    }

    policy::decision judged(std::string_view sql, const policy::session_facts& session = {}, policy::lexing how = {},
                            const config::settings& settings = {}) const {
        const std::vector<policy::catalog_rows> answers{rows_};
        return policy::judge(policy::read_script(sql, how), session, answers, settings);
    }

private:
    void add(const std::vector<std::string>& values) { rows_.emplace_back(values.begin(), values.end()); }

    policy::catalog_rows rows_;
    int columns_ = 0;
};

}  // namespace policy_test
