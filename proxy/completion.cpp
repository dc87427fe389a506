#include "proxy/command_words.hpp"

namespace proxy {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

std::string last_word(const std::string& path) { return path.substr(path.rfind(' ') + 1); }

template <class Each>
void walk(const command_words& tree, const Each& each) {
    each(tree);
    for (const auto& sub : tree.commands) walk(sub, each);
}

// What bash does where a value is to be typed.
std::string bash_value(const option_words& o) {
    if (!o.choices.empty()) return "_lockkeeper_words '" + joined(o.choices) + "'";
    if (o.takes == "FILE") return "_lockkeeper_files -f";
    if (o.takes == "DIR") return "_lockkeeper_files -d";
    return ":";
}

// In single quotes, inside the brackets of _arguments.
std::string zsh_text(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') out += "'\\'";
        else if (c == '[' || c == ']' || c == ':') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh_value(const option_words& o) {
    if (!o.choices.empty()) return ":" + o.name.substr(o.name.find_first_not_of('-')) + ":(" + joined(o.choices) + ")";
    return ":" + o.takes + ":" + (o.takes == "FILE" ? "_files" : o.takes == "DIR" ? "_files -/" : " ");
}

std::string zsh_option(const option_words& o) {
    const auto tail = "[" + zsh_text(o.meaning) + "]" + (o.takes.empty() ? "" : zsh_value(o)) + "'";
    if (o.names.size() == 1) return "'" + o.names[0] + (o.takes.empty() ? "" : "=") + tail;
    std::string out = "'(" + joined(o.names) + ")'{";
    for (std::size_t i = 0; i < o.names.size(); ++i) out += (i == 0 ? "" : ",") + o.names[i];
    return out + "}'" + tail;
}

std::string function_of(const command_words& c) {
    std::string out = "_lockkeeper" + std::string(c.path.empty() ? "" : "_") + c.path;
    for (auto& letter : out)
        if (letter == ' ' || letter == '-') letter = '_';
    return out;
}

void zsh_leaf(const command_words& c, std::string& out) {
    out += function_of(c) + "() {\n    _arguments -s";
    for (const auto& o : c.options) out += " \\\n        " + zsh_option(o);
    for (const auto& a : c.arguments) out += " \\\n        '" + std::string(a.many ? "*" : "1") + zsh_value(a) + "'";
    out += "\n}\n\n";
}

void zsh_branch(const command_words& c, std::string& out) {
    out += function_of(c) + "() {\n    local context state line curcontext=$curcontext\n    local -a commands=(\n";
    for (const auto& sub : c.commands) out += "        '" + last_word(sub.path) + ":" + zsh_text(sub.meaning) + "'\n";
    out += "    )\n    _arguments -C";
    for (const auto& o : c.options) out += " \\\n        " + zsh_option(o);
    out += " \\\n        '1:command:->command' '*::argument:->argument'\n    case $state in\n"
           "        command) _describe command commands ;;\n        argument) case $line[1] in\n";
    for (const auto& sub : c.commands) out += "            " + last_word(sub.path) + ") " + function_of(sub) + " ;;\n";
    out += "        esac ;;\n    esac\n}\n\n";
}

}  // namespace

std::string bash_completion(const command_words& tree) {
    std::string commands, values, words;
    walk(tree, [&](const command_words& c) {
        if (!c.path.empty()) commands += (commands.empty() ? "'" : "|'") + c.path + "'";
        std::vector<std::string> offered;
        for (const auto& sub : c.commands) offered.push_back(last_word(sub.path));
        for (const auto& o : c.options) {
            offered.insert(offered.end(), o.names.begin(), o.names.end());
            if (o.takes.empty()) continue;
            for (const auto& name : o.names) values += "        '" + c.path + "," + name + "') " + bash_value(o) + "; return ;;\n";
        }
        words += "        '" + c.path + ",-'*) _lockkeeper_words '" + joined(offered) + "' ;;\n";
        const auto free = c.arguments.empty() ? "_lockkeeper_words '" + joined(offered) + "'" : bash_value(c.arguments.front());
        words += "        '" + c.path + ",'*) " + free + " ;;\n";
    });
    return "# Completes the command line of lockkeeper in bash: `lockkeeper completion bash` writes it.\n\n"
           "_lockkeeper_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\"); }\n\n"
           "_lockkeeper_files() {\n    compopt -o filenames 2>/dev/null\n    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$current\")\n}\n\n"
           "_lockkeeper() {\n    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i\n    COMPREPLY=()\n"
           "    # --mode=guard arrives as three words.\n"
           "    if [[ $current == '=' ]]; then current=''\n"
           "    elif [[ $before == '=' ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n        case \"${command:+$command }${COMP_WORDS[i]}\" in\n            " +
           commands + ") command=\"${command:+$command }${COMP_WORDS[i]}\" ;;\n        esac\n    done\n"
           "    case $command,$before in\n" + values + "    esac\n    case $command,$current in\n" + words + "    esac\n}\n\n"
           "complete -F _lockkeeper lockkeeper\n";
}

std::string zsh_completion(const command_words& tree) {
    std::string out = "#compdef lockkeeper\n# Completes the command line of lockkeeper in zsh: `lockkeeper completion zsh` writes it.\n\n";
    walk(tree, [&](const command_words& c) { c.commands.empty() ? zsh_leaf(c, out) : zsh_branch(c, out); });
    return out + "_lockkeeper \"$@\"\n";
}

}  // namespace proxy
