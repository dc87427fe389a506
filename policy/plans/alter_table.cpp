#include "policy/plans/alter_table.hpp"

#include <algorithm>
#include <utility>

#include "policy/plans/attach_partition.hpp"
#include "policy/plans/constraint.hpp"
#include "policy/plans/fill.hpp"
#include "policy/plans/mark.hpp"
#include "policy/plans/proof.hpp"
#include "policy/quote.hpp"

namespace policy::plans {
namespace {

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& p : parts) (out += out.empty() ? "" : ", ") += p;
    return out;
}

std::string reason_against(const context& c, const alter_table& a, const relation_facts& table) {
    if (!c.only_change)
        return "Statements in one message are one transaction, so it cannot be done in steps that let reads and writes go "
               "on. Send ALTER TABLE as a message of its own.";
    if (!table.known)
        return "With the catalog at hand (the proxy asks it, `lockkeeper check` does with --dsn) it would be done in steps that let "
               "reads and writes go on.";
    const bool placed = std::all_of(a.steps.begin(), a.steps.end(), [](const alter_step& s) { return s.where.length > 0; });
    if (!placed || a.steps.empty() || a.kind != object_kind::table)
        return "Where its parts stand in the text is not certain, so nothing can run in its place.";
    return {};
}

bool has_values(const column_words& c) noexcept {
    return c.has_default != default_kind::none || c.identity || c.serial || c.generated_stored;
}

// A foreign key of a column without values has nothing to check, and is added with it.
bool apart(const constraint_words& k, const column_words& c) noexcept { return k.kind != constraint_kind::foreign_key || has_values(c); }

bool names(const constraint_words& k, const std::string& column) {
    const auto& of_check = k.expression ? k.expression->columns : k.columns;
    return std::find(of_check.begin(), of_check.end(), column) != of_check.end();
}

// Another action is about the column: it has to be there first.
bool needed_by_others(const alter_table& a, const std::string& column) {
    return std::any_of(a.steps.begin(), a.steps.end(), [&](const alter_step& s) {
        return (s.action == alter_action::add_constraint && s.constraint && names(*s.constraint, column)) ||
               (s.action != alter_action::add_column && s.action != alter_action::add_constraint && s.name == column);
    });
}

class alteration_plan {
public:
    explicit alteration_plan(draft d) : d_(std::move(d)) { d_.resumes = left_behind(); }

    proposal made_of_actions() && {
        for (const auto& s : d_.what.steps)
            if (s.action == alter_action::add_column) add_column(s);
        for (const auto& s : d_.what.steps)
            if (s.action != alter_action::add_column) take(s);
        if (d_.cannot.empty()) return {assembled(), {}};
        return {std::nullopt, d_.cannot};
    }

private:
    // An earlier run of this very statement has added its columns and got no further.
    bool left_behind() const {
        const auto& all = d_.what.steps;
        return std::any_of(all.begin(), all.end(), [&](const alter_step& s) {
            const auto* column = s.action == alter_action::add_column ? d_.table.column(s.name) : nullptr;
            return column && says(column->mark, d_.statement());
        });
    }

    void take(const alter_step& s) {
        if (!d_.cannot.empty()) return;
        const auto original = d_.text_of(s.where);
        switch (s.action) {
        case alter_action::add_constraint: return add_constraint(*s.constraint, original);
        case alter_action::validate_constraint:
            if (!adds_constraint(s.name)) return validate(original);
            break;
        case alter_action::set_not_null:
            if (!prove_not_null(d_, s.name)) return;
            d_.last.push_back(original);
            return;
        // Nothing that the constraints could depend on, and nothing that takes time.
        case alter_action::set_default:
        case alter_action::drop_not_null:
        case alter_action::set_statistics:
        case alter_action::set_column_options:
        case alter_action::set_storage:
        case alter_action::set_compression: d_.last.push_back(original); return;
        default: break;
        }
        d_.cannot = "One of its actions cannot be taken apart from the others safely: " + original +
                    ". Send each action as a statement of its own.";
    }

    bool adds_constraint(const std::string& name) const {
        return std::any_of(d_.what.steps.begin(), d_.what.steps.end(),
                           [&](const alter_step& s) { return s.action == alter_action::add_constraint && s.name == name; });
    }

    void validate(const std::string& original) {
        d_.before.push_back(made(d_.alter(original), timeout_class::online, "reads and writes go on while the rows are checked"));
    }

    void add_constraint(const constraint_words& k, const std::string& original) {
        switch (k.kind) {
        case constraint_kind::foreign_key:
        case constraint_kind::check:
            if (k.not_valid) return d_.last.push_back(original);
            return add_validated(d_, k);
        case constraint_kind::unique:
        case constraint_kind::primary_key:
            if (k.using_index) return d_.last.push_back(original);
            return add_key(d_, k, original);
        default: d_.cannot = "PostgreSQL can add this kind of constraint in one go only: " + original + ".";
        }
    }

    // Without those of its constraints that have something to look at.
    void add_column(const alter_step& s) {
        auto original = d_.text_of(s.where);
        const auto& all = s.column->constraints;
        const bool there = s.if_exists && d_.table.column(s.name) && !d_.resumes;
        if (there) return d_.last.push_back(original);
        const bool split = std::any_of(all.begin(), all.end(), [&](const auto& k) { return apart(k, *s.column); });
        const bool fills = fills_later(d_, s);
        if (!split && !fills && !needed_by_others(d_.what, s.name)) return d_.last.push_back(original);
        std::vector<span> later;
        for (const auto& k : all)
            if (apart(k, *s.column)) later.push_back(k.where);
        if (fills) later.push_back(s.column->default_where);
        if (fills && s.column->not_null) later.push_back(s.column->not_null_where);
        if (!take_out(later, s.where, original)) return not_placed();
        d_.columns.push_back(std::move(original));
        d_.drop_columns.push_back(s.name);
        if (fills) {
            d_.columns.push_back("ALTER COLUMN " + quote_ident(s.name) + " SET " + d_.text_of(s.column->default_where));
            fill(d_, s);
        }
        for (const auto& k : all)
            if (apart(k, *s.column) && d_.cannot.empty()) add_constraint(k, {});
    }

    // False: it is not certain where they stand.
    static bool take_out(std::vector<span> parts, span whole, std::string& text) {
        std::sort(parts.begin(), parts.end(), [](const span& a, const span& b) { return a.offset > b.offset; });
        for (const auto& part : parts) {
            if (part.length == 0 || part.offset < whole.offset) return false;
            text.erase(part.offset - whole.offset, part.length);
        }
        text.erase(text.find_last_not_of(" \t\r\n") + 1);
        return true;
    }

    void not_placed() { d_.cannot = "Where its parts stand in the text is not certain, so nothing can run in its place."; }

    plan assembled() {
        plan p;
        p.tag = "ALTER TABLE";
        p.relation = readable(d_.table.name);
        p.object = d_.object;
        p.builds = d_.builds;
        p.deferrable = d_.what.steps.size() == 1 && !d_.object.empty() && !d_.fills;
        if (!d_.columns.empty()) p.steps.push_back(column_step());
        for (auto& s : d_.before) p.steps.push_back(std::move(s));
        if (!d_.last.empty()) p.steps.push_back(last_statement());
        if (!d_.columns.empty() && !d_.put_off()) d_.marked.push_back(column_mark().object);
        if (d_.marked.empty()) return p;
        std::vector<std::string> unmark;  // what is new: it had no comment
        for (const auto& object : d_.marked) unmark.push_back("COMMENT ON " + object + " IS NULL");
        if (!p.steps.back().next.empty())  // a part of many cannot do it with its own
            p.steps.push_back(made(std::exchange(unmark.front(), {}), timeout_class::online, "the column is whole"));
        for (auto& statement : unmark)
            if (!statement.empty()) p.steps.back().and_then.push_back(std::move(statement));
        return p;
    }

    mark column_mark() const { return mark_on_column(d_.table, d_.drop_columns.front(), d_.statement()); }

    step column_step() const {
        const auto ours = column_mark();
        std::vector<std::string> drops;
        for (const auto& name : d_.drop_columns) drops.push_back("DROP COLUMN IF EXISTS " + quote_ident(name));
        auto s = made(d_.alter(joined(d_.columns)), timeout_class::blocking, "without its constraints no row has to be read");
        if (d_.put_off()) return s;  // what the client's transaction has committed stays
        s.and_then.push_back(ours.setting());
        if (d_.resumes) s.unless = ours.left_behind();
        s.undo = d_.alter(joined(drops));
        s.undo_if = ours.set_here();
        s.undo_timeouts = timeout_class::blocking;
        return s;
    }

    step last_statement() const {
        auto s = made(d_.alter(joined(d_.last)), timeout_class::blocking, "done at once: what takes time has been done before");
        s.unless = d_.last_done_if;
        if (!d_.drop_proofs.empty()) s.and_then.push_back(drop_of_proofs(d_.head, d_.drop_proofs));
        return s;
    }

    draft d_;
};

}  // namespace

proposal for_alter_table(const context& c) {
    const auto* a = std::get_if<alter_table>(&c.what.what);
    if (!a) return {};
    const auto table = c.known.relation(a->relation);
    if (auto reason = reason_against(c, *a, table); !reason.empty()) return {std::nullopt, std::move(reason)};
    const auto begin = c.what.where.offset;
    draft d{.c = c, .what = *a, .table = table, .head = std::string(c.text.substr(begin, a->steps.front().where.offset - begin))};
    if (a->steps.front().action == alter_action::attach_partition && a->steps.front().partner)
        return for_attach_partition(d, a->steps.front());
    return alteration_plan(std::move(d)).made_of_actions();
}

hazard with_plan(hazard h, const context& c) {
    return with(std::move(h), for_alter_table(c));
}

}  // namespace policy::plans
