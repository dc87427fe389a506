-- combinations.sql -- several actions, several relations, and transactions with savepoints, on the fixture of
-- lock_corpus.sql and in its format. Where a text has several statements they are run one after the other in one
-- transaction, and the locks are looked at behind each.

--@corpus
--## combination/actions
--# two.add_addc @t
ALTER TABLE t ADD COLUMN c_a int, ADD COLUMN c_b int DEFAULT 7
--# two.add_type @t
ALTER TABLE t ADD COLUMN c_a int, ALTER COLUMN vc20 TYPE varchar(40)
--# two.add_stat @t
ALTER TABLE t ADD COLUMN c_a int, ALTER COLUMN n SET STATISTICS 50
--# two.add_chknv @t
ALTER TABLE t ADD COLUMN c_a int, ADD CONSTRAINT x_ck CHECK (n_nn > 0) NOT VALID
--# two.add_uq @t
ALTER TABLE t ADD COLUMN c_a int, ADD CONSTRAINT x_uq UNIQUE (n)
--# two.add_dropck @t
ALTER TABLE t ADD COLUMN c_a int, DROP CONSTRAINT t_pos_ck
--# two.add_rls @t
ALTER TABLE t ADD COLUMN c_a int, ENABLE ROW LEVEL SECURITY
--# two.addc_nn @t
ALTER TABLE t ADD COLUMN c_b int DEFAULT 7, ALTER COLUMN u SET NOT NULL
--# two.addc_def @t
ALTER TABLE t ADD COLUMN c_b int DEFAULT 7, ALTER COLUMN n SET DEFAULT 3
--# two.addc_chk @t
ALTER TABLE t ADD COLUMN c_b int DEFAULT 7, ADD CONSTRAINT x_ck CHECK (n_nn > 0)
--# two.addc_fknv @t
ALTER TABLE t ADD COLUMN c_b int DEFAULT 7, ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID
--# two.addc_val @t
ALTER TABLE t ADD COLUMN c_b int DEFAULT 7, VALIDATE CONSTRAINT t_n_nv_ck
--# two.addc_cl @t
ALTER TABLE t ADD COLUMN c_b int DEFAULT 7, CLUSTER ON t_pkey
--# two.drop_nn @t
ALTER TABLE t DROP COLUMN filler, ALTER COLUMN u SET NOT NULL
--# two.drop_def @t
ALTER TABLE t DROP COLUMN filler, ALTER COLUMN n SET DEFAULT 3
--# two.drop_chk @t
ALTER TABLE t DROP COLUMN filler, ADD CONSTRAINT x_ck CHECK (n_nn > 0)
--# two.drop_fknv @t
ALTER TABLE t DROP COLUMN filler, ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID
--# two.drop_val @t
ALTER TABLE t DROP COLUMN filler, VALIDATE CONSTRAINT t_n_nv_ck
--# two.drop_cl @t
ALTER TABLE t DROP COLUMN filler, CLUSTER ON t_pkey
--# two.nn_type @t
ALTER TABLE t ALTER COLUMN u SET NOT NULL, ALTER COLUMN vc20 TYPE varchar(40)
--# two.nn_stat @t
ALTER TABLE t ALTER COLUMN u SET NOT NULL, ALTER COLUMN n SET STATISTICS 50
--# two.nn_chknv @t
ALTER TABLE t ALTER COLUMN u SET NOT NULL, ADD CONSTRAINT x_ck CHECK (n_nn > 0) NOT VALID
--# two.nn_uq @t
ALTER TABLE t ALTER COLUMN u SET NOT NULL, ADD CONSTRAINT x_uq UNIQUE (n)
--# two.nn_dropck @t
ALTER TABLE t ALTER COLUMN u SET NOT NULL, DROP CONSTRAINT t_pos_ck
--# two.nn_rls @t
ALTER TABLE t ALTER COLUMN u SET NOT NULL, ENABLE ROW LEVEL SECURITY
--# two.type_def @t
ALTER TABLE t ALTER COLUMN vc20 TYPE varchar(40), ALTER COLUMN n SET DEFAULT 3
--# two.type_chk @t
ALTER TABLE t ALTER COLUMN vc20 TYPE varchar(40), ADD CONSTRAINT x_ck CHECK (n_nn > 0)
--# two.type_fknv @t
ALTER TABLE t ALTER COLUMN vc20 TYPE varchar(40), ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID
--# two.type_val @t
ALTER TABLE t ALTER COLUMN vc20 TYPE varchar(40), VALIDATE CONSTRAINT t_n_nv_ck
--# two.type_cl @t
ALTER TABLE t ALTER COLUMN vc20 TYPE varchar(40), CLUSTER ON t_pkey
--# two.rewrite_def @t
ALTER TABLE t ALTER COLUMN sm TYPE int, ALTER COLUMN n SET DEFAULT 3
--# two.rewrite_chk @t
ALTER TABLE t ALTER COLUMN sm TYPE int, ADD CONSTRAINT x_ck CHECK (n_nn > 0)
--# two.rewrite_fknv @t
ALTER TABLE t ALTER COLUMN sm TYPE int, ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID
--# two.rewrite_val @t
ALTER TABLE t ALTER COLUMN sm TYPE int, VALIDATE CONSTRAINT t_n_nv_ck
--# two.rewrite_cl @t
ALTER TABLE t ALTER COLUMN sm TYPE int, CLUSTER ON t_pkey
--# two.def_stat @t
ALTER TABLE t ALTER COLUMN n SET DEFAULT 3, ALTER COLUMN n SET STATISTICS 50
--# two.def_chknv @t
ALTER TABLE t ALTER COLUMN n SET DEFAULT 3, ADD CONSTRAINT x_ck CHECK (n_nn > 0) NOT VALID
--# two.def_uq @t
ALTER TABLE t ALTER COLUMN n SET DEFAULT 3, ADD CONSTRAINT x_uq UNIQUE (n)
--# two.def_dropck @t
ALTER TABLE t ALTER COLUMN n SET DEFAULT 3, DROP CONSTRAINT t_pos_ck
--# two.def_rls @t
ALTER TABLE t ALTER COLUMN n SET DEFAULT 3, ENABLE ROW LEVEL SECURITY
--# two.stat_chk @t
ALTER TABLE t ALTER COLUMN n SET STATISTICS 50, ADD CONSTRAINT x_ck CHECK (n_nn > 0)
--# two.stat_fknv @t
ALTER TABLE t ALTER COLUMN n SET STATISTICS 50, ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID
--# two.stat_val @t
ALTER TABLE t ALTER COLUMN n SET STATISTICS 50, VALIDATE CONSTRAINT t_n_nv_ck
--# two.stat_cl @t
ALTER TABLE t ALTER COLUMN n SET STATISTICS 50, CLUSTER ON t_pkey
--# two.opt_chk @t
ALTER TABLE t SET (fillfactor = 70), ADD CONSTRAINT x_ck CHECK (n_nn > 0)
--# two.opt_fknv @t
ALTER TABLE t SET (fillfactor = 70), ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID
--# two.opt_val @t
ALTER TABLE t SET (fillfactor = 70), VALIDATE CONSTRAINT t_n_nv_ck
--# two.opt_cl @t
ALTER TABLE t SET (fillfactor = 70), CLUSTER ON t_pkey
--# two.chk_uq @t
ALTER TABLE t ADD CONSTRAINT x_ck CHECK (n_nn > 0), ADD CONSTRAINT x_uq UNIQUE (n)
--# two.chk_dropck @t
ALTER TABLE t ADD CONSTRAINT x_ck CHECK (n_nn > 0), DROP CONSTRAINT t_pos_ck
--# two.chk_rls @t
ALTER TABLE t ADD CONSTRAINT x_ck CHECK (n_nn > 0), ENABLE ROW LEVEL SECURITY
--# two.chknv_fknv @t
ALTER TABLE t ADD CONSTRAINT x_ck CHECK (n_nn > 0) NOT VALID, ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID
--# two.chknv_val @t
ALTER TABLE t ADD CONSTRAINT x_ck CHECK (n_nn > 0) NOT VALID, VALIDATE CONSTRAINT t_n_nv_ck
--# two.chknv_cl @t
ALTER TABLE t ADD CONSTRAINT x_ck CHECK (n_nn > 0) NOT VALID, CLUSTER ON t_pkey
--# two.fk_val @t
ALTER TABLE t ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref, VALIDATE CONSTRAINT t_n_nv_ck
--# two.fk_cl @t
ALTER TABLE t ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref, CLUSTER ON t_pkey
--# two.fknv_uq @t
ALTER TABLE t ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID, ADD CONSTRAINT x_uq UNIQUE (n)
--# two.fknv_dropck @t
ALTER TABLE t ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID, DROP CONSTRAINT t_pos_ck
--# two.fknv_rls @t
ALTER TABLE t ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID, ENABLE ROW LEVEL SECURITY
--# two.uq_val @t
ALTER TABLE t ADD CONSTRAINT x_uq UNIQUE (n), VALIDATE CONSTRAINT t_n_nv_ck
--# two.uq_cl @t
ALTER TABLE t ADD CONSTRAINT x_uq UNIQUE (n), CLUSTER ON t_pkey
--# two.uqi_val @t
ALTER TABLE t ADD CONSTRAINT x_uq UNIQUE USING INDEX t_u_uidx, VALIDATE CONSTRAINT t_n_nv_ck
--# two.uqi_cl @t
ALTER TABLE t ADD CONSTRAINT x_uq UNIQUE USING INDEX t_u_uidx, CLUSTER ON t_pkey
--# two.val_dropck @t
ALTER TABLE t VALIDATE CONSTRAINT t_n_nv_ck, DROP CONSTRAINT t_pos_ck
--# two.val_rls @t
ALTER TABLE t VALIDATE CONSTRAINT t_n_nv_ck, ENABLE ROW LEVEL SECURITY
--# two.dropck_cl @t
ALTER TABLE t DROP CONSTRAINT t_pos_ck, CLUSTER ON t_pkey
--# two.trg_cl @t
ALTER TABLE t DISABLE TRIGGER t_trg, CLUSTER ON t_pkey
--# two.cl_rls @t
ALTER TABLE t CLUSTER ON t_pkey, ENABLE ROW LEVEL SECURITY
--# three.online @t
ALTER TABLE t VALIDATE CONSTRAINT t_n_nv_ck, ALTER COLUMN n SET STATISTICS 10, SET (fillfactor = 60)
--# three.trigger_and_key @t
ALTER TABLE t DISABLE TRIGGER t_trg, ADD CONSTRAINT x_fk FOREIGN KEY (ref_id) REFERENCES ref NOT VALID
--# three.keys_to_two @lonely
ALTER TABLE lonely ADD COLUMN a bigint REFERENCES ref, ADD COLUMN b int REFERENCES clu, ADD COLUMN c int DEFAULT 1 REFERENCES notclu
--# three.new_column_not_null_checked @t
ALTER TABLE t ADD COLUMN c_a int DEFAULT 1, ALTER COLUMN c_a SET NOT NULL, ADD CHECK (c_a > 0)
--# three.default_and_type @ty
ALTER TABLE ty ALTER COLUMN i4dflt DROP DEFAULT, ALTER COLUMN i4dflt TYPE oid
--## combination/expressions
--# default.array_of_now @t
ALTER TABLE t ADD COLUMN c_new timestamptz[] DEFAULT ARRAY[now(), now()]
--# default.array_of_clock @t
ALTER TABLE t ADD COLUMN c_new timestamptz[] DEFAULT ARRAY[now(), clock_timestamp()]
--# default.cast_of_random @t
ALTER TABLE t ADD COLUMN c_new int DEFAULT random()::int
--# default.cast_of_constant @t
ALTER TABLE t ADD COLUMN c_new int DEFAULT '5'::int
--# default.coalesce_now @t
ALTER TABLE t ADD COLUMN c_new timestamptz DEFAULT coalesce(NULL, now())
--# default.case_random @t
ALTER TABLE t ADD COLUMN c_new int DEFAULT CASE WHEN random() > 0.5 THEN 1 ELSE 2 END
--# default.current_user @t
ALTER TABLE t ADD COLUMN c_new text DEFAULT CURRENT_USER
--# default.localtime @t
ALTER TABLE t ADD COLUMN c_new time DEFAULT LOCALTIME
--# default.localtimestamp @t
ALTER TABLE t ADD COLUMN c_new timestamp DEFAULT LOCALTIMESTAMP
--# default.statement_timestamp @t
ALTER TABLE t ADD COLUMN c_new timestamptz DEFAULT statement_timestamp()
--# default.timeofday @t
ALTER TABLE t ADD COLUMN c_new text DEFAULT timeofday()
--# default.interval @t
ALTER TABLE t ADD COLUMN c_new interval DEFAULT interval '1 day'
--# default.now_plus @t
ALTER TABLE t ADD COLUMN c_new timestamptz DEFAULT now() + interval '1 day'
--# default.immutable_of_immutable @t
ALTER TABLE t ADD COLUMN c_new int DEFAULT f_imm(f_imm(2))
--# default.immutable_of_volatile @t
ALTER TABLE t ADD COLUMN c_new int DEFAULT f_imm(f_vol())
--# default.concat @t
ALTER TABLE t ADD COLUMN c_new text DEFAULT 'a' || 'b'
--# default.negative @t
ALTER TABLE t ADD COLUMN c_new int DEFAULT -1
--# default.json @t
ALTER TABLE t ADD COLUMN c_new jsonb DEFAULT jsonb_build_object('a', 1)
--# default.typed_array @t
ALTER TABLE t ADD COLUMN c_new int[] DEFAULT '{1,2}'::int[]
--# default.random_in_array @t
ALTER TABLE t ADD COLUMN c_new double precision[] DEFAULT ARRAY[random()]
--# default.md5 @t
ALTER TABLE t ADD COLUMN c_new text DEFAULT md5('x')
--# default.null @t
ALTER TABLE t ADD COLUMN c_new int DEFAULT NULL
--# default.boolean @t
ALTER TABLE t ADD COLUMN c_new boolean DEFAULT false
--# default.bit @t
ALTER TABLE t ADD COLUMN c_new bit(8) DEFAULT B'10101010'
--# default.numeric @t
ALTER TABLE t ADD COLUMN c_new numeric(10,2) DEFAULT 1.5
--# default.uuid_cast @t
ALTER TABLE t ADD COLUMN c_new uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid
--# default.txid @t
ALTER TABLE t ADD COLUMN c_new bigint DEFAULT txid_current()
--# default.pg_backend_pid @t
ALTER TABLE t ADD COLUMN c_new int DEFAULT pg_backend_pid()
--# default.domain_free_volatile @t
ALTER TABLE t ADD COLUMN c_new intdom DEFAULT f_vol()
--# default.not_null_volatile @t
ALTER TABLE t ADD COLUMN c_new uuid NOT NULL DEFAULT gen_random_uuid()
--# default.partition_not_null @pr
ALTER TABLE pr ADD COLUMN c_new int NOT NULL DEFAULT 4
--## combination/proof
--# proof.and_three @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (lo > 0 AND lo IS NOT NULL AND hi > 0)
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.nested_and @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK ((lo > 0 AND (hi > 0 AND lo IS NOT NULL)))
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.or_both @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK ((lo IS NOT NULL AND hi > 0) OR (lo IS NOT NULL AND hi <= 0))
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.or_one @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (lo IS NOT NULL OR hi IS NOT NULL)
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.not_is_null @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (NOT (lo IS NULL))
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.is_null_of_sum @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK ((lo + hi) IS NOT NULL)
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.other_column @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (hi IS NOT NULL)
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.coalesce @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (coalesce(lo, 0) > 0)
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.two_columns @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (lo IS NOT NULL AND hi IS NOT NULL)
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL, ALTER COLUMN hi SET NOT NULL
--# proof.one_of_two @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (lo IS NOT NULL)
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL, ALTER COLUMN hi SET NOT NULL
--# proof.not_valid @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (lo IS NOT NULL) NOT VALID
ALTER TABLE tnp ALTER COLUMN lo SET NOT NULL
--# proof.on_parent @pr
--pre ALTER TABLE pr ADD CONSTRAINT x_ck CHECK (v IS NOT NULL)
ALTER TABLE pr ALTER COLUMN v SET NOT NULL
--# proof.on_one_partition @pr
--pre ALTER TABLE pr_1 ADD CONSTRAINT x_ck CHECK (v IS NOT NULL)
ALTER TABLE pr ALTER COLUMN v SET NOT NULL
--# proof.key_using_index @tnp
--pre ALTER TABLE tnp ADD CONSTRAINT x_ck CHECK (id_null IS NOT NULL AND id_null > 0)
ALTER TABLE tnp ADD CONSTRAINT x_pk PRIMARY KEY USING INDEX tnp_null_uidx
--## combination/relations
--# many.drop_two @lonely
DROP TABLE lonely, tr
--# many.drop_view_and_view @v
DROP VIEW v2, v
--# many.drop_mixed_cascade @inh
DROP TABLE inh, lonely CASCADE
--# many.truncate_three @lonely
TRUNCATE lonely, tr, notclu
--# many.truncate_cascade_two @child
TRUNCATE child, lonely CASCADE
--# many.truncate_partition_and_other @pr_1
TRUNCATE pr_1, lonely
--# many.lock_two @lonely
LOCK TABLE lonely, tr IN EXCLUSIVE MODE
--# many.analyze_two @lonely
ANALYZE lonely, tr
--# many.publication_two @lonely
CREATE PUBLICATION x_pub FOR TABLE lonely, tr
--# many.table_with_keys @ref
CREATE TABLE x_new (a bigint REFERENCES ref, b int REFERENCES clu, c int REFERENCES prk)
--# many.table_with_table_keys @ref
CREATE TABLE x_new (a bigint, b int, FOREIGN KEY (a) REFERENCES ref, FOREIGN KEY (b) REFERENCES clu)
--# many.table_like_and_inherits @inh
CREATE TABLE x_new (LIKE lonely) INHERITS (inh)
--# many.view_of_two @lonely
CREATE VIEW x_v AS SELECT lonely.id FROM lonely JOIN tr USING (id)
--# many.view_of_subquery @lonely
CREATE VIEW x_v AS SELECT * FROM tr WHERE id IN (SELECT id FROM lonely)
--# many.view_with @lonely
CREATE VIEW x_v AS WITH w AS (SELECT id FROM lonely) SELECT * FROM w
--# many.matview_of_two @tr
CREATE MATERIALIZED VIEW x_mv AS SELECT lonely.id FROM lonely, tr WITH NO DATA
--# many.comment_view_column @v
COMMENT ON COLUMN v.txt IS 'x'
--# many.drop_column_two_keys @child
ALTER TABLE child DROP COLUMN ref_id, DROP COLUMN casc_id
--# many.drop_constraint_two_keys @child
ALTER TABLE child DROP CONSTRAINT child_ref_fk, DROP CONSTRAINT child_casc_fk
--# many.validate_key_and_check @child
ALTER TABLE child VALIDATE CONSTRAINT child_other_fk, ALTER COLUMN v SET STATISTICS 3
--# many.rename_column_inherited @inh
ALTER TABLE inh RENAME COLUMN b TO b2
--# many.rename_constraint @child
ALTER TABLE child RENAME CONSTRAINT child_ref_fk TO x
--# many.alter_function_owner @-
ALTER FUNCTION f_imm(int) OWNER TO lt_other
--# many.index_two_levels @prs
CREATE INDEX x_idx ON prs (j)
--# many.check_two_levels @prs
ALTER TABLE prs ADD CONSTRAINT x_ck CHECK (j >= 0)
--# many.add_column_two_levels @prs
ALTER TABLE prs ADD COLUMN c_new int
--# many.truncate_two_levels @prs
TRUNCATE prs
--# many.drop_two_levels @prs
DROP TABLE prs
--# many.drop_middle_level @prs_1
DROP TABLE prs_1
--# many.detach_middle_level @prs
ALTER TABLE prs DETACH PARTITION prs_1
--# many.lock_only_inherited @inh
LOCK TABLE ONLY inh IN SHARE MODE
--# many.schema_with_key @ref
CREATE SCHEMA x_s CREATE TABLE x_new (id bigint REFERENCES app.ref)
--# many.do_two @lonely
DO 'BEGIN ALTER TABLE lonely ADD COLUMN c_a int; TRUNCATE tr; END'
--# many.do_execute @lonely
DO 'BEGIN EXECUTE ''ALTER TABLE lonely ADD COLUMN c_a int''; END'
--# many.do_if @lonely
DO 'BEGIN IF true THEN ALTER TABLE lonely ADD COLUMN c_a int; END IF; END'
--# many.owner_with_serial @gen
ALTER TABLE gen OWNER TO lt_other
--# many.schema_with_serial @gen
ALTER TABLE gen SET SCHEMA app2
--# many.unlogged_identity @gen
ALTER TABLE gen SET UNLOGGED
--# many.drop_default_sequence @gen
ALTER TABLE gen ALTER COLUMN ser DROP DEFAULT
--# many.set_default_nextval @t
ALTER TABLE t ALTER COLUMN n SET DEFAULT nextval('seq_free')
--# many.drop_serial_column @gen
ALTER TABLE gen DROP COLUMN ser
--# many.replace_view_with_join @v2
CREATE OR REPLACE VIEW v2 AS SELECT v.id FROM v JOIN lonely ON lonely.id = v.id
--## combination/transactions
--# tx.create_then_index @-
CREATE TABLE x_new (id int); CREATE INDEX ON x_new (id); ALTER TABLE x_new ADD COLUMN b int NOT NULL DEFAULT 1
--# tx.create_then_key @ref
CREATE TABLE x_new (id bigint); ALTER TABLE x_new ADD FOREIGN KEY (id) REFERENCES ref
--# tx.two_tables @lonely
ALTER TABLE lonely ADD COLUMN c_a int; ALTER TABLE tr ADD COLUMN c_a int
--# tx.savepoint_kept @lonely
SAVEPOINT a; ALTER TABLE lonely ADD COLUMN c_a int; RELEASE a; CREATE INDEX ON tr (v)
--# tx.savepoint_undone @lonely
SAVEPOINT a; ALTER TABLE lonely ADD COLUMN c_a int; ROLLBACK TO a; CREATE INDEX ON lonely (v)
--# tx.savepoint_nested @tr
SAVEPOINT a; SAVEPOINT b; ALTER TABLE tr ADD COLUMN c_a int; RELEASE b; ROLLBACK TO a; COMMENT ON TABLE tr IS 'x'
--# tx.not_valid_then_validate @t
ALTER TABLE t ADD CONSTRAINT x_ck CHECK (n > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT x_ck
--# tx.lock_then_alter @lonely
LOCK TABLE lonely IN ACCESS EXCLUSIVE MODE; ALTER TABLE lonely ADD COLUMN c_a int
--# tx.index_then_constraint @t
CREATE UNIQUE INDEX x_idx ON t (n); ALTER TABLE t ADD CONSTRAINT x_uq UNIQUE USING INDEX x_idx
--# tx.drop_and_create @lonely
DROP TABLE lonely; CREATE TABLE lonely (id int)
--# tx.truncate_and_copy @lonely
TRUNCATE lonely; COPY lonely FROM '/dev/null'
--# tx.select_then_alter @lonely
SELECT 1 FROM lonely LIMIT 1; ALTER TABLE lonely ADD COLUMN c_a int
--# tx.insert_then_alter @lonely
INSERT INTO lonely VALUES (-1, 'x'); ALTER TABLE lonely ADD COLUMN c_a int
--# tx.three_indexes @t
CREATE INDEX ON t (sm); CREATE INDEX ON t (num); CREATE INDEX ON lonely (v)
--# tx.comment_and_statistics @t
COMMENT ON TABLE t IS 'x'; ALTER TABLE t ALTER COLUMN n SET STATISTICS 5; CREATE STATISTICS x_s ON n, sm FROM t
--# tx.temporary @-
CREATE TEMP TABLE x_tmp (id int); ALTER TABLE x_tmp ADD COLUMN b int; CREATE INDEX ON x_tmp (b)
--# tx.create_as_then_key @lonely
CREATE TABLE x_new AS SELECT * FROM lonely; ALTER TABLE x_new ADD PRIMARY KEY (id)
