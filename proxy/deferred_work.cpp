#include "proxy/deferred_work.hpp"

#include <array>
#include <boost/json.hpp>
#include <stdexcept>
#include <utility>

#include "policy/lock_mode.hpp"

namespace proxy {
namespace {

namespace json = boost::json;
using policy::timeout_class;

constexpr std::array<std::pair<std::string_view, std::string policy::step::*>, 10> texts_of_step{{{"sql", &policy::step::sql},
                                                                                                 {"sql_from", &policy::step::sql_from},
                                                                                                 {"next", &policy::step::next},
                                                                                                 {"why", &policy::step::why},
                                                                                                 {"unless", &policy::step::unless},
                                                                                                 {"undo", &policy::step::undo},
                                                                                                 {"undo_if", &policy::step::undo_if},
                                                                                                 {"undo_from", &policy::step::undo_from},
                                                                                                 {"undo_done", &policy::step::undo_done},
                                                                                                 {"undo_done_if", &policy::step::undo_done_if}}};
constexpr std::array<std::pair<std::string_view, std::string policy::plan::*>, 4> texts_of_plan{{{"tag", &policy::plan::tag},
                                                                                                 {"relation", &policy::plan::relation},
                                                                                                 {"object", &policy::plan::object},
                                                                                                 {"builds", &policy::plan::builds}}};

template <class Whole, class Texts>
void put_texts(json::object& o, const Whole& whole, const Texts& texts) {
    for (const auto& [name, member] : texts)
        if (!(whole.*member).empty()) o[name] = whole.*member;
}

template <class Whole, class Texts>
void get_texts(const json::object& o, Whole& whole, const Texts& texts) {
    for (const auto& [name, member] : texts)
        if (const auto* value = o.if_contains(name)) whole.*member = std::string(value->as_string());
}

timeout_class class_at(const json::object& o, std::string_view key) {
    const std::string_view text = o.at(key).as_string();
    for (const auto known : {timeout_class::none, timeout_class::online, timeout_class::blocking})
        if (text == policy::name(known)) return known;
    throw std::runtime_error("unknown class of timeouts");
}

json::array locks_as_json(const std::vector<policy::wanted_lock>& locks) {
    json::array all;
    for (const auto& l : locks) all.push_back(json::object{{"relation", l.relation}, {"mode", policy::name(l.mode)}});
    return all;
}

std::vector<policy::wanted_lock> locks_at(const json::object& o) {
    std::vector<policy::wanted_lock> all;
    for (const auto& entry : o.at("locks").as_array()) {
        const auto& one = entry.as_object();
        auto mode = policy::lock_mode::access_exclusive;
        while (mode != policy::lock_mode::none && policy::name(mode) != std::string_view(one.at("mode").as_string()))
            mode = static_cast<policy::lock_mode>(static_cast<int>(mode) - 1);
        if (mode == policy::lock_mode::none) throw std::runtime_error("unknown lock mode");
        all.push_back({std::string(one.at("relation").as_string()), mode});
    }
    return all;
}

json::object as_json(const policy::step& s) {
    json::object o;
    put_texts(o, s, texts_of_step);
    if (!s.and_then.empty()) o["and_then"] = json::value_from(s.and_then);
    o["class"] = policy::name(s.timeouts);
    o["undo_class"] = policy::name(s.undo_timeouts);
    o["locks"] = locks_as_json(s.locks);
    return o;
}

policy::step step_of(const json::object& o) {
    policy::step s;
    get_texts(o, s, texts_of_step);
    if (const auto* next = o.if_contains("and_then")) s.and_then = json::value_to<std::vector<std::string>>(*next);
    s.timeouts = class_at(o, "class");
    s.undo_timeouts = class_at(o, "undo_class");
    s.locks = locks_at(o);
    return s;
}

}  // namespace

std::string plan_as_json(const deferred_work& work) {
    json::object o;
    put_texts(o, work.plan, texts_of_plan);
    json::array steps;
    for (const auto& s : work.plan.steps) steps.push_back(as_json(s));
    o["steps"] = std::move(steps);
    o["locks"] = locks_as_json(work.locks);
    return json::serialize(o);
}

std::string settings_as_json(const deferred_work& work) {
    json::object o;
    for (const auto& [name, value] : work.settings) o[name] = value;
    return json::serialize(o);
}

void read_plan(std::string_view plan, std::string_view settings, deferred_work& into) {
    const auto whole = json::parse(plan);
    const auto& o = whole.as_object();
    get_texts(o, into.plan, texts_of_plan);
    for (const auto& s : o.at("steps").as_array()) into.plan.steps.push_back(step_of(s.as_object()));
    into.locks = locks_at(o);
    const auto of_session = json::parse(settings);
    for (const auto& [name, value] : of_session.as_object()) into.settings[name] = std::string(value.as_string());
}

}  // namespace proxy
