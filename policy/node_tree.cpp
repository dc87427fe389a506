#include "policy/node_tree.hpp"

#include <algorithm>

namespace policy {
namespace {

// outfuncs.c: a word has a backslash before what would end it. Deeper trees than these are given up.
constexpr int max_depth = 200;

class tree_reader {
public:
    explicit tree_reader(std::string_view text) noexcept : rest_(text) {}

    tree_node node(int depth = 0) {
        tree_node out;
        if (depth > max_depth || !take('{')) return rest_ = {}, out;
        out.type = word();
        while (skip_blanks(), !rest_.empty() && rest_.front() != '}') {
            if (rest_.front() != ':') return rest_ = {}, tree_node{};
            tree_field f;
            f.name = word().substr(1);
            value(f, depth);
            out.fields.push_back(std::move(f));
        }
        take('}');
        return out;
    }

private:
    void value(tree_field& f, int depth) {
        skip_blanks();
        if (!rest_.empty() && rest_.front() == '{') return f.nodes.push_back(node(depth + 1));
        if (rest_.size() > 1 && rest_.front() == '(' && rest_[1] == '{') {
            take('(');
            while (skip_blanks(), !rest_.empty() && rest_.front() == '{') f.nodes.push_back(node(depth + 1));
            take(')');
            return;
        }
        const auto* begin = rest_.data();
        while (!rest_.empty() && rest_.front() != ':' && rest_.front() != '}') {
            if (word().empty()) rest_.remove_prefix(1);  // a bracket
            skip_blanks();
        }
        f.words = {begin, static_cast<std::size_t>(rest_.data() - begin)};
        while (!f.words.empty() && is_blank(f.words.back())) f.words.remove_suffix(1);
    }

    std::string_view word() {
        std::size_t end = 0;
        while (end < rest_.size() && !is_blank(rest_[end]) && std::string_view("(){}").find(rest_[end]) == std::string_view::npos)
            end += rest_[end] == '\\' ? 2 : 1;
        end = std::min(end, rest_.size());
        const auto out = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return out;
    }

    static bool is_blank(char c) noexcept { return c == ' ' || c == '\n' || c == '\t'; }

    bool take(char c) {
        skip_blanks();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void skip_blanks() {
        while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
    }

    std::string_view rest_;
};

}  // namespace

std::string_view tree_node::words(std::string_view field) const noexcept {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == field; });
    return found == fields.end() ? std::string_view() : found->words;
}

const std::vector<tree_node>& tree_node::nodes(std::string_view field) const noexcept {
    static const std::vector<tree_node> none;
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == field; });
    return found == fields.end() ? none : found->nodes;
}

tree_node read_tree(std::string_view text) { return tree_reader(text).node(); }

}  // namespace policy
