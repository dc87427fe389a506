#pragma once

#include <string>
#include <string_view>
#include <vector>

// What a Django project would send to a database: `manage.py` is asked.
namespace proxy {

struct django_migration {
    std::string name;  // app.0002_name
    std::string sql;   // what sqlmigrate prints
};

// The migrations of `showmigrations --plan` that are not applied, in the order in which `migrate` runs them.
std::vector<std::string> unapplied(std::string_view plan);

// `project` is the directory with manage.py, or manage.py itself; `python` the interpreter. The project's own settings name
// the database that tells what is applied. Throws config::error where manage.py fails; what it says is on standard error.
std::vector<django_migration> unapplied_migrations(const std::string& project, const std::string& python);

}  // namespace proxy
