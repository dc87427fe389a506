use strict;
use warnings;
use DBI;
use DBD::Pg qw(:pg_types :async);

my ($port, $database) = @ARGV;
my $handle = DBI->connect("dbi:Pg:host=127.0.0.1;port=$port;dbname=$database", 'postgres', '',
    {RaiseError => 0, PrintError => 0, AutoCommit => 1});
$SIG{__WARN__} = sub { print "warned: $_[0]" };
sub show { print join(', ', map { defined $_ ? $_ : 'NULL' } @_), "\n" }

my $prepared = $handle->prepare('SELECT id, c FROM t WHERE id <= ? ORDER BY id');
for my $most (1, 2, 3) { $prepared->execute($most); show(map { @$_ } @{$prepared->fetchall_arrayref}) }
show($handle->selectrow_array("SELECT ?::int + 1, ?::text, 'it''s'", undef, 41, undef));
my $bytes = $handle->prepare('SELECT length(?), ?::bytea');
$bytes->bind_param($_, "\x00\xff", {pg_type => PG_BYTEA}) for 1, 2;
$bytes->execute;
show(map { unpack('H*', $_) } $bytes->fetchrow_array);
$bytes->finish;
$handle->do('SELECT 1/0');
show($handle->state, $handle->errstr);
$handle->begin_work;
show($handle->do('INSERT INTO t (c) VALUES (5), (6)'));
$handle->pg_savepoint('here');
$handle->do('SELECT nothing');
show($handle->state, $handle->{pg_protocol}, $handle->pg_ping);
$handle->pg_rollback_to('here');
show($handle->selectrow_array('SELECT count(*) FROM t'));
$handle->rollback;
$handle->do('COPY t (c) FROM STDIN');
$handle->pg_putcopydata("$_\n") for 1 .. 500;
show($handle->pg_putcopyend);
$handle->do('COPY (SELECT c FROM t ORDER BY id) TO STDOUT');
my ($lines, $line) = (0);
$lines++ while $handle->pg_getcopydata($line) >= 0;
show($lines);
$handle->do('SELECT sum(id) FROM t', {pg_async => PG_ASYNC});
show($handle->pg_result);
$handle->begin_work;
my $object = $handle->pg_lo_creat($handle->{pg_INV_WRITE});
my $open = $handle->pg_lo_open($object, $handle->{pg_INV_WRITE});
show($handle->pg_lo_write($open, 'x' x 5000, 5000), $handle->pg_lo_lseek($open, 3, 0), $handle->pg_lo_tell($open));
$handle->rollback;
$handle->do('LISTEN here');
$handle->do("NOTIFY here, 'word'");
my $told = $handle->pg_notifies;
show($told->[0], $told->[2]);
$handle->do("DO 'BEGIN RAISE WARNING ''noticed''; END'");
show(map { $_->{COLUMN_NAME} } @{$handle->column_info(undef, 'public', 't', undef)->fetchall_arrayref({})});
$handle->disconnect;
