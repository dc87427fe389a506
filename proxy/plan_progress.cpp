#include "proxy/plan_progress.hpp"

#include "proxy/refusal.hpp"

namespace proxy {

namespace {

constexpr std::size_t longest_sql = 300;  // bytes: of a longer statement only the reason is told

}  // namespace

bool plan_progress::enter(const policy::plan& plan, const run_step& step, time now) {
    const auto count = plan.steps.size();
    entered_ = now;
    number_ = step.step + 1;
    count_ = count;
    undo_ = step.undo;
    which_ = step.undo ? "taking back " : "";
    if (count > 1) which_ += "step " + std::to_string(step.step + 1) + " of " + std::to_string(count);
    else if (step.undo) which_ += "its only step";
    why_ = plan.steps[step.step].why;
    sql_ = step.sql.size() <= longest_sql || why_.empty() ? step.sql : std::string();
    return told_;
}

std::optional<plan_progress::time> plan_progress::due() const noexcept {
    if (!entered_) return std::nullopt;
    return next_;
}

std::optional<plan_progress::view> plan_progress::now() const {
    if (!entered_) return std::nullopt;
    return view{number_, count_, undo_, sql_, why_, *entered_};
}

protocol::error_fields plan_progress::notice(time now, bool waiting) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *entered_).count();
    auto text = which_;
    if (seconds > 0) text += (text.empty() ? "" : ", ") + std::to_string(seconds) + " s";
    if (waiting) text += (text.empty() ? "" : ", ") + std::string("waiting for its lock");
    told_ = true;
    next_ = now + between;
    return notice_of_progress((text.empty() ? "" : text + ": ") + (sql_.empty() ? why_ : sql_), sql_.empty() ? std::string() : why_);
}

}  // namespace proxy
