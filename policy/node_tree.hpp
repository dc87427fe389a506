#pragma once

#include <string_view>
#include <vector>

namespace policy {

struct tree_field;

// PostgreSQL's own text of an expression's tree, as its catalogs keep it (pg_constraint.conbin): {OPEXPR :opno 525 :args
// ({VAR ...} {CONST ...})}. It views the text, which must outlive it.
struct tree_node {
    std::string_view type;
    std::vector<tree_field> fields;

    // Empty, or none, where there is no such field.
    std::string_view words(std::string_view field) const noexcept;
    const std::vector<tree_node>& nodes(std::string_view field) const noexcept;
};

struct tree_field {
    std::string_view name;          // without the colon
    std::string_view words;         // "525", "4 [ 1 0 0 0 0 0 0 0 ]"
    std::vector<tree_node> nodes;   // one node, or those of a list
};

// A tree without a type where the text is none.
tree_node read_tree(std::string_view text);

}  // namespace policy
