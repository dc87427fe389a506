#include "proxy/plan_machine.hpp"

#include <charconv>

namespace proxy {

std::uint64_t rows_changed(const std::vector<std::optional<std::string>>& row) noexcept {
    std::uint64_t rows = 0;
    if (!row.empty() && row.front()) std::from_chars(row.front()->data(), row.front()->data() + row.front()->size(), rows);
    return rows;
}

plan_action plan_machine::start() { return enter(); }

plan_action plan_machine::enter() {
    if (at_ == plan_.steps.size()) return plan_ended{.rows = rows_};
    const auto& step = plan_.steps[at_];
    if (step.unless.empty()) return itself();
    phase_ = phase::checking;
    return question(step.unless);
}

plan_action plan_machine::advance() {
    ++at_;
    return enter();
}

plan_action plan_machine::itself() {
    const auto& step = plan_.steps[at_];
    if (!step.sql_from.empty()) {
        phase_ = phase::listing;
        return question(step.sql_from);
    }
    statements_ = {step.sql};
    started_.push_back(at_);
    return next_statement();
}

plan_action plan_machine::next_statement() {
    phase_ = failed_ ? phase::undoing : phase::running;
    if (statements_.empty()) return failed_ ? unwind() : advance();
    const auto about = failed_ ? cursor_ : at_;
    const auto& step = plan_.steps[about];
    run_step next{.sql = std::move(statements_.front()),
                  .and_then = failed_ ? std::vector<std::string>() : step.and_then,
                  .timeouts = failed_ ? step.undo_timeouts : step.timeouts,
                  .place = step.place,
                  .undo = failed_.has_value(),
                  .part = !failed_ && !step.next.empty(),
                  .step = about};
    statements_.pop_front();
    return next;
}

run_step plan_machine::question(const std::string& sql) const {
    const auto about = failed_ ? cursor_ : at_;
    return {.sql = sql, .and_then = {}, .place = plan_.steps[about].place, .guard = true, .undo = failed_.has_value(), .step = about};
}

plan_action plan_machine::fail() {
    failed_ = at_;
    return unwind();
}

plan_action plan_machine::part_done(const step_outcome& last) {
    between_parts_ = last.ok && !last.row.empty();
    if (!last.ok) return fail();
    if (!between_parts_) return advance();
    rows_ += rows_changed(last.row);
    return run_step{.sql = plan_.steps[at_].next,
                    .and_then = {},
                    .timeouts = plan_.steps[at_].timeouts,
                    .place = plan_.steps[at_].place,
                    .part = true,
                    .again = true,
                    .position = {last.row.begin() + 1, last.row.end()},
                    .step = at_};
}

plan_action plan_machine::on_cancel() {
    // A step of one statement that was not sent has not begun.
    if (phase_ == phase::running && plan_.steps[at_].sql_from.empty() && !between_parts_) started_.pop_back();
    return fail();
}

plan_action plan_machine::on_outcome(const step_outcome& last) {
    switch (phase_) {
    case phase::checking:
        if (!last.ok) return fail();
        return last.answer.value_or(false) ? advance() : itself();
    case phase::listing:
        if (!last.ok) return fail();
        statements_.assign(last.statements.begin(), last.statements.end());
        if (!statements_.empty()) started_.push_back(at_);
        return next_statement();
    case phase::running:
        if (!plan_.steps[at_].next.empty()) return part_done(last);
        return last.ok ? next_statement() : fail();
    case phase::asking: {
        if (!last.ok) break;  // it is asked again, like an undo that failed
        const auto& step = plan_.steps[cursor_];
        if (was_done()) statements_ = last.answer.value_or(false) ? std::deque<std::string>{step.undo_done} : std::deque<std::string>{};
        else if (!step.undo_from.empty()) statements_.assign(last.statements.begin(), last.statements.end());
        else if (last.answer.value_or(false)) statements_ = {step.undo};
        else statements_.clear();
        return next_statement();
    }
    case phase::undoing:
        if (last.ok) return next_statement();
        break;
    }
    if (--undo_left_ > 0) return ask_undo();
    undone_ = false;
    return unwind();
}

plan_action plan_machine::ask_undo() {
    phase_ = phase::asking;
    const auto& step = plan_.steps[cursor_];
    if (was_done()) return question(step.undo_done_if);
    return question(step.undo_from.empty() ? step.undo_if : step.undo_from);
}

bool plan_machine::was_done() const { return cursor_ < *failed_ && !plan_.steps[cursor_].undo_done.empty(); }

plan_action plan_machine::unwind() {
    statements_.clear();
    while (!started_.empty()) {
        cursor_ = started_.back();
        started_.pop_back();
        const auto& step = plan_.steps[cursor_];
        if (step.undo.empty() && step.undo_from.empty() && !was_done()) continue;
        undo_left_ = undo_attempts;
        return ask_undo();
    }
    return plan_ended{failed_, undone_, rows_};
}

}  // namespace proxy
