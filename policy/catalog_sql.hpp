#pragma once

#include <string>
#include <string_view>

// The questions to the catalog. Everything is qualified, so that no search_path of the client's changes what is asked;
// no query takes a lock on a relation of the user's that it would have to wait for, and none assigns a transaction id.
namespace policy::catalog_sql {

// What the names stand for, and what they are tied to: partitions, parents, foreign keys both ways, views, sequences.
// $1: schemas ('' where none is written), $2: names, $3: foreign keys all the way ('t': CASCADE) or to the next table.
// Each row: what it is of, and a record (read_catalog.cpp); relations come first, and columns in their order.
const std::string& relations_named();

// The transaction in hand, as one row (xid, next): its id, null where it has none, and the first that its snapshot does not
// cover; both whole (int8).
extern const std::string_view own_transaction;
// The whole id, int8, of which `xmin`, int8, is the lower 32 bits; `me` is own_transaction. No id that a row may have is
// further than 2^31 from `next` on either side (manual, "Preventing Transaction ID Wraparound Failures").
std::string whole_xid(std::string_view xmin);

// Names that a new index wants. $1, $2: schema and name of the table, $3: name of the index.
const std::string& index_names();
// The same for constraints: who has such a name in the schema of the table.
const std::string& constraint_names();

// $1: schemas, $2: names of types, $3: 't' for an array of it.
const std::string& types();
// Casts to those types.
const std::string& casts();
// $1: schemas, $2: names of functions.
const std::string& functions();

// What depends on objects that are no relations, or on parts of one. $1: name of the catalog, $2: schema, $3: name,
// $4, $5: schema and name of the table that a trigger, column or constraint belongs to, $6: how many arguments.
const std::string& dependents();

}  // namespace policy::catalog_sql
