#include "policy/not_null_proof.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "policy/node_tree.hpp"

namespace policy {
namespace {

// `negated`: an odd number of NOTs stands around the node.
std::vector<int> proved(const tree_node& n, bool negated);

std::vector<int> proved_by_test(const tree_node& test, bool negated) {
    // IS_NOT_NULL is 1, IS_NULL is 0.
    if (test.words("nulltesttype") != (negated ? "0" : "1")) return {};
    const auto& argument = test.nodes("arg");
    if (argument.size() != 1 || argument[0].type != "VAR") return {};
    const int column = std::atoi(std::string(argument[0].words("varattno")).c_str());
    return column > 0 ? std::vector{column} : std::vector<int>{};
}

std::vector<int> proved_by_operator(const tree_node& n, bool negated) {
    const auto kind = n.words("boolop");
    std::vector<std::vector<int>> arguments;
    for (const auto& a : n.nodes("args")) arguments.push_back(proved(a, negated != (kind == "not")));
    std::vector<int> out;
    for (const auto& a : arguments) out.insert(out.end(), a.begin(), a.end());
    // NOT (a OR b) is NOT a AND NOT b.
    const bool all_hold = kind == "not" || (kind == "and") != negated;
    if (all_hold) return out;
    std::erase_if(out, [&](int column) {
        return std::any_of(arguments.begin(), arguments.end(),
                           [&](const auto& a) { return std::find(a.begin(), a.end(), column) == a.end(); });
    });
    return out;
}

std::vector<int> proved(const tree_node& n, bool negated) {
    if (n.type == "NULLTEST") return proved_by_test(n, negated);
    if (n.type == "BOOLEXPR") return proved_by_operator(n, negated);
    return {};
}

}  // namespace

std::vector<int> columns_proved_not_null(std::string_view tree) { return proved(read_tree(tree), false); }

}  // namespace policy
