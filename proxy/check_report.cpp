#include "proxy/check_report.hpp"

namespace proxy {

std::unique_ptr<check_report> make_report(std::string_view format, std::ostream& out, bool colours) {
    if (format == "json") return make_json_report(out);
    if (format == "sarif") return make_sarif_report(out);
    if (format == "github") return make_github_report(out);
    return make_text_report(out, colours);
}

}  // namespace proxy
