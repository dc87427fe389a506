#include <boost/json.hpp>
#include <ostream>

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

// A path as a reference: what RFC 3986 does not let stand for itself is written as %XX.
std::string uri_of(std::string_view path) {
    constexpr std::string_view plain = "/-._~!$&'()*+,;=@";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || plain.find(c) != plain.npos) out += c;
        else out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

json::object location(const checked_statement& c) {
    return {{"physicalLocation",
             {{"artifactLocation", {{"uri", uri_of(c.file)}}}, {"region", {{"startLine", c.line}, {"startColumn", c.units}}}}}};
}

json::object result(const checked_statement& c, const policy::finding& f) {
    return {{"ruleId", f.rule},
            {"ruleIndex", index_of(f.rule)},
            {"level", level(f.action)},
            {"message", text(f.message + ". " + f.detail + (f.detail.empty() ? "" : " ") + f.hint)},
            {"locations", json::array{location(c)}}};
}

class sarif_report : public check_report {
public:
    explicit sarif_report(std::ostream& out) : out_(out) {
        const json::object driver{{"name", "lockkeeper"}, {"version", LOCKKEEPER_VERSION}, {"rules", rules()}};
        out_ << R"({"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":)"
             << json::serialize(driver) << R"(},"columnKind":"utf16CodeUnits","results":[)";
    }

    void add(const checked_statement& c) override {
        for (const auto& f : c.verdict.findings) {
            out_ << (first_ ? "" : ",") << json::serialize(result(c, f));
            first_ = false;
        }
    }
    void end() override { out_ << "]}]}\n"; }

private:
    std::ostream& out_;
    bool first_ = true;
};

}  // namespace

std::unique_ptr<check_report> make_sarif_report(std::ostream& out) { return std::make_unique<sarif_report>(out); }

}  // namespace proxy
