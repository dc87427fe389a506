#include <boost/json.hpp>

#include "policy/explain.hpp"
#include "policy/rules.hpp"
#include "proxy/check_report.hpp"

// SARIF 2.1.0 (OASIS): one run, every rule in the driver, one result for each finding.
namespace proxy {
namespace {

namespace json = boost::json;

std::string_view level(config::action a) noexcept {
    return a == config::action::reject ? "error" : a == config::action::allow ? "note" : "warning";
}

json::object text(std::string_view sentence) { return {{"text", sentence}}; }

json::array rules() {
    json::array out;
    for (const auto* r : policy::all_rules()) {
        const auto& t = r->text;
        out.push_back({{"id", t.id},
                       {"shortDescription", text(t.summary)},
                       {"fullDescription", text(t.harm)},
                       {"help", {{"text", t.remedy}, {"markdown", policy::explain_markdown(*r)}}},
                       {"defaultConfiguration", {{"level", level(t.action)}}},
                       {"properties", {{"tags", json::array{policy::name(t.family)}}}}});
    }
    return out;
}

std::size_t index_of(std::string_view id) noexcept {
    std::size_t i = 0;
    for (const auto* r : policy::all_rules()) {
        if (r->text.id == id) break;
        ++i;
    }
    return i;
}

json::object location(const checked_statement& c) {
    return {{"physicalLocation",
             {{"artifactLocation", {{"uri", c.file}}}, {"region", {{"startLine", c.line}, {"startColumn", c.column}}}}}};
}

json::object result(const checked_statement& c, const policy::finding& f) {
    return {{"ruleId", f.rule},
            {"ruleIndex", index_of(f.rule)},
            {"level", level(f.action)},
            {"message", text(f.message + ". " + f.detail + (f.detail.empty() ? "" : " ") + f.hint)},
            {"locations", json::array{location(c)}}};
}

}  // namespace

std::string sarif_report(std::span<const checked_statement> checked) {
    json::array results;
    for (const auto& c : checked)
        for (const auto& f : c.verdict.findings) results.push_back(result(c, f));
    const json::object driver{{"name", "lockkeeper"}, {"version", LOCKKEEPER_VERSION}, {"rules", rules()}};
    const json::object run{{"tool", {{"driver", driver}}}, {"columnKind", "utf16CodeUnits"}, {"results", std::move(results)}};
    return json::serialize(json::object{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                                        {"version", "2.1.0"},
                                        {"runs", json::array{run}}}) +
           "\n";
}

}  // namespace proxy
