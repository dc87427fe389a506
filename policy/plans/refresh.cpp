#include "policy/plans/concurrently.hpp"
#include "policy/quote.hpp"

namespace policy::plans {
namespace {

std::string reason_against(const relation_facts& view, const context& c) {
    if (!has_key_of_all_rows(view))
        return "CONCURRENTLY needs a UNIQUE index on columns of " + readable(view.name) +
               ", without WHERE and expressions. Create one, and the view is refreshed under it.";
    return not_alone(c);
}

}  // namespace

proposal refresh(const ddl& d, const context& c) {
    if (!c.known.catalog().asked || d.relations.empty()) return {};
    if (auto why = reason_against(c.known.relation(d.relations.front().name), c); !why.empty()) return {std::nullopt, std::move(why)};
    step fill;
    fill.sql = concurrently_behind(word("view"), c);
    fill.timeouts = timeout_class::online;
    fill.why = "the view is read while its new rows are worked out";
    plan p;
    p.tag = "REFRESH MATERIALIZED VIEW";
    p.steps.push_back(std::move(fill));
    return {std::move(p), {}};
}

}  // namespace policy::plans
