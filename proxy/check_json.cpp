#include <algorithm>
#include <boost/json.hpp>
#include <ostream>

#include "policy/explain.hpp"
#include "policy/lock_mode.hpp"
#include "policy/rules.hpp"
#include "proxy/check_report.hpp"

namespace proxy {
namespace {

namespace json = boost::json;

json::value lock_name(policy::lock_mode mode) {
    if (mode == policy::lock_mode::none) return nullptr;
    return json::string(policy::name(mode));
}

bool works(const checked_statement& c, policy::work work) {
    return std::any_of(c.verdict.relations.begin(), c.verdict.relations.end(), [&](const auto& r) { return r.work == work; });
}

json::array relations_of(const checked_statement& c) {
    json::array out;
    for (const auto& r : c.verdict.relations) out.push_back({{"name", r.relation}, {"lock_mode", lock_name(r.lock)}});
    return out;
}

json::array plan_of(const checked_statement& c) {
    json::array out;
    if (c.decision.replacement)
        for (const auto& s : c.decision.replacement->steps)
            out.push_back({{"sql", s.sql}, {"why", s.why}, {"transaction", s.place == policy::step_place::own ? "own" : "inside"}});
    return out;
}

json::array findings_of(const checked_statement& c) {
    json::array out;
    for (const auto& f : c.verdict.findings) {
        const auto* rule = policy::find_rule(f.rule);
        out.push_back({{"rule", f.rule},
                       {"action", policy::name(f.action)},
                       {"message", f.message},
                       {"detail", f.detail},
                       {"harm", rule ? rule->text.harm : ""},
                       {"remedy", f.hint}});
    }
    return out;
}

json::object statement_of(const checked_statement& c) {
    auto strongest = policy::lock_mode::none;
    for (const auto& r : c.verdict.relations) strongest = std::max(strongest, r.lock);
    json::object out{{"file", c.file},
                     {"line", c.line},
                     {"column", c.column},
                     {"sql", c.sql},
                     {"kind", c.verdict.kind},
                     {"transactional", c.verdict.transactional},
                     {"relations", relations_of(c)},
                     {"lock_mode", lock_name(strongest)},
                     {"rewrites", works(c, policy::work::rewrite)},
                     {"scans", works(c, policy::work::scan)},
                     {"builds_index", works(c, policy::work::index_build)},
                     {"class", name(c.verdict.timeouts)},
                     {"verdict", policy::name(c.decision.action)},
                     {"plan", plan_of(c)},
                     {"findings", findings_of(c)}};
    for (const auto& o : c.verdict.overrides) {
        auto& list = out["overrides"];
        if (!list.is_array()) list = json::array();
        list.as_array().push_back({{"rule", o.rule}, {"reason", o.reason}});
    }
    return out;
}

class json_report : public check_report {
public:
    explicit json_report(std::ostream& out) : out_(out) { out_ << "{\"statements\":["; }

    void add(const checked_statement& c) override {
        out_ << (first_ ? "" : ",") << json::serialize(statement_of(c));
        first_ = false;
    }
    void end() override { out_ << "]}\n"; }

private:
    std::ostream& out_;
    bool first_ = true;
};

}  // namespace

std::unique_ptr<check_report> make_json_report(std::ostream& out) { return std::make_unique<json_report>(out); }

std::string rules_json() {
    json::array out;
    for (const auto* r : policy::all_rules())
        out.push_back({{"id", r->text.id},
                       {"family", policy::name(r->text.family)},
                       {"summary", r->text.summary},
                       {"fires_when", r->text.fires_when},
                       {"harm", r->text.harm},
                       {"remedy", r->text.remedy},
                       {"django", r->text.django},
                       {"before", r->text.before},
                       {"after", r->text.after},
                       {"action", policy::name(r->text.action)},
                       {"rewrites", r->rewrites}});
    return json::serialize(json::object{{"rules", std::move(out)}}) + "\n";
}

}  // namespace proxy
