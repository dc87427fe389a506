#include "policy/not_null_proof.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace policy {
namespace {

// Reads nodeToString's format: {NODE :field value :field value}, lists in round brackets, a backslash before what would
// end a word.
class tree_reader {
public:
    explicit tree_reader(std::string_view tree) noexcept : rest_(tree) {}

    // `negated`: an odd number of NOTs stands around it.
    std::vector<int> proved(bool negated = false) {
        skip_blanks();
        if (!take('{')) return skip_value();
        const auto node = word();
        std::string kind;
        std::vector<std::vector<int>> arguments;
        int column = 0;
        while (skip_blanks(), !rest_.empty() && rest_.front() != '}') {
            const auto field = word();
            skip_blanks();
            if (node == "NULLTEST" && field == ":arg") column = variable();
            else if (node == "BOOLEXPR" && field == ":args") arguments = list(negated != (kind == "not"));
            else if (field == ":boolop" || field == ":nulltesttype") kind = word();
            else proved_in_value();
        }
        take('}');
        // IS_NOT_NULL is 1, IS_NULL is 0.
        if (node == "NULLTEST") return kind == (negated ? "0" : "1") && column > 0 ? std::vector{column} : std::vector<int>{};
        // NOT (a OR b) is NOT a AND NOT b.
        if (node == "BOOLEXPR") return joined(kind == "not" || (kind == "and") != negated, arguments);
        return {};
    }

private:
    static std::vector<int> joined(bool all_hold, const std::vector<std::vector<int>>& arguments) {
        std::vector<int> out;
        for (const auto& a : arguments) out.insert(out.end(), a.begin(), a.end());
        if (all_hold) return out;
        std::erase_if(out, [&](int column) {
            return std::any_of(arguments.begin(), arguments.end(),
                               [&](const auto& a) { return std::find(a.begin(), a.end(), column) == a.end(); });
        });
        return out;
    }

    // The column that a plain VAR is; 0 for anything else.
    int variable() {
        if (!take('{')) return skip_value(), 0;
        const auto node = word();
        int column = 0;
        while (skip_blanks(), !rest_.empty() && rest_.front() != '}') {
            const auto field = word();
            skip_blanks();
            if (node == "VAR" && field == ":varattno") column = std::atoi(std::string(word()).c_str());
            else proved_in_value();
        }
        take('}');
        return node == "VAR" ? column : 0;
    }

    std::vector<std::vector<int>> list(bool negated) {
        std::vector<std::vector<int>> out;
        if (!take('(')) return skip_value(), out;
        while (skip_blanks(), !rest_.empty() && rest_.front() != ')') out.push_back(proved(negated));
        take(')');
        return out;
    }

    // Up to the next field: a word, a node, a list, or several words (a constant's bytes).
    void proved_in_value() {
        while (skip_blanks(), !rest_.empty() && rest_.front() != ':' && rest_.front() != '}') skip_value();
    }

    std::vector<int> skip_value() {
        if (rest_.empty()) return {};
        const char open = rest_.front();
        if (open != '{' && open != '(') {
            if (word().empty() && !rest_.empty()) rest_.remove_prefix(1);
            return {};
        }
        rest_.remove_prefix(1);
        while (skip_blanks(), !rest_.empty() && rest_.front() != '}' && rest_.front() != ')') skip_value();
        if (!rest_.empty()) rest_.remove_prefix(1);
        return {};
    }

    std::string_view word() {
        std::size_t end = 0;
        while (end < rest_.size() && std::string_view(" \n\t(){}").find(rest_[end]) == std::string_view::npos)
            end += rest_[end] == '\\' ? 2 : 1;
        end = std::min(end, rest_.size());
        const auto out = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return out;
    }

    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void skip_blanks() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n' || rest_.front() == '\t')) rest_.remove_prefix(1);
    }

    std::string_view rest_;
};

}  // namespace

std::vector<int> columns_proved_not_null(std::string_view tree) { return tree_reader(tree).proved(); }

}  // namespace policy
