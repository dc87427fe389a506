#include "proxy/plan_machine.hpp"

namespace proxy {

using policy::step_place;
using policy::timeout_class;

plan_action plan_machine::start() { return enter(); }

plan_action plan_machine::enter() {
    if (at_ == plan_.steps.size()) return plan_ended{};
    const auto& step = plan_.steps[at_];
    if (!step.unless.empty()) {
        phase_ = phase::checking;
        return question(step.unless);
    }
    phase_ = phase::running;
    return run_step{step.sql, step.timeouts, step.place, false};
}

plan_action plan_machine::advance() {
    ++at_;
    return enter();
}

run_step plan_machine::question(const std::string& sql) const {
    return {sql, timeout_class::none, plan_.steps[failed_ ? cursor_ : at_].place, true};
}

plan_action plan_machine::on_outcome(const step_outcome& last) {
    const auto fail = [this] {
        failed_ = at_;
        cursor_ = at_ + 1;
        return unwind();
    };
    switch (phase_) {
    case phase::checking: {
        if (!last.ok) return fail();
        if (last.answer.value_or(false)) return advance();
        phase_ = phase::running;
        const auto& step = plan_.steps[at_];
        return run_step{step.sql, step.timeouts, step.place, false};
    }
    case phase::running:
        return last.ok ? advance() : fail();
    case phase::asking:
        if (last.ok && !last.answer.value_or(false)) return unwind();
        // A guard that could not be asked is asked again, like an undo that failed.
        if (last.ok) {
            phase_ = phase::undoing;
            return run_step{plan_.steps[cursor_].undo, timeout_class::online, plan_.steps[cursor_].place, false};
        }
        break;
    case phase::undoing:
        if (last.ok) return unwind();
        break;
    }
    if (--undo_left_ > 0) {
        phase_ = phase::asking;
        return question(plan_.steps[cursor_].undo_if);
    }
    undone_ = false;
    return unwind();
}

plan_action plan_machine::unwind() {
    while (cursor_ > 0) {
        const auto& step = plan_.steps[--cursor_];
        if (step.undo.empty()) continue;
        phase_ = phase::asking;
        undo_left_ = undo_attempts;
        return question(step.undo_if);
    }
    return plan_ended{failed_, undone_};
}

}  // namespace proxy
