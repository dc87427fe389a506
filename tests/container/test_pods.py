"""The manifests of docker/kubernetes, played: a Django project that knows nothing of Lockkeeper, migrating through it."""

import concurrent.futures
import contextlib
import copy

import psycopg2
import pytest

from engine import inspected
from kube import get, of_kind, pod_of, render, wait_for

ALL = ["0001_initial", "0002_order_priority", "0003_order_currency", "0004_order_status_index", "0005_order_created_index",
       "0006_order_priority_backfill", "0007_order_priority_positive", "0008_order_number_unique", "0009_customer_email_required",
       "0010_order_note_longer", "0011_shipment"]


def one(documents, kind, name=None):
    (found,) = of_kind(documents, kind, name)
    return found


def outcomes(audit):
    return {(record["kind"], record["action"], record["outcome"]) for record in audit if record["event"] == "outcome"}


def was_kept(container, shop):
    """All that the migrations did went through this Lockkeeper: the index was built without a lock on the table."""
    audit = container.audit()
    assert audit[0]["event"] == "started" and audit[-1]["event"] == "stopped"
    assert ("CREATE INDEX", "rewrite", "done") in outcomes(audit), outcomes(audit)
    built = [record for record in audit if record["event"] == "outcome" and "shop_order_status_idx" in record["statement"]]
    assert [step["sql"].split(" ON ")[0] for record in built for step in record["steps"]][-1].startswith("CREATE INDEX CONCURRENTLY")
    assert {(record["user"], record["database"]) for record in audit if "user" in record} == {("shop", "shop")}
    assert shop.ask("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_a_job_ends_by_itself_the_classic_way(play, shop):
    """Nobody stops anything: both containers end, and with them the pod."""
    documents = render("classic")
    job = play(documents, pod_of(one(documents, "Job")))
    migrate, lockkeeper = job.container("migrate"), job.container("lockkeeper")
    assert migrate.ended(300) == 0, migrate.output()
    assert lockkeeper.ended(60) == 0, lockkeeper.output()
    assert shop.applied() == ALL
    was_kept(lockkeeper, shop)
    wait_for(lambda: inspected(job.pods[0], "pod")["State"] in ("Exited", "Degraded"), "the pod has ended")


def test_a_job_that_is_refused_fails_and_ends_too(play, shop):
    """0012 renames a column: the exit code is the migration's own, and the sidecar does not keep the pod."""
    documents = render("classic")
    workload = copy.deepcopy(one(documents, "Job"))
    for container in workload["spec"]["template"]["spec"]["containers"]:
        if container["name"] == "migrate":
            container["command"][-1] = "0012"
    job = play(documents, pod_of(workload))
    migrate, lockkeeper = job.container("migrate"), job.container("lockkeeper")
    assert migrate.ended(300) == 1
    assert "lockkeeper explain column-renamed" in migrate.output()
    assert lockkeeper.ended(60) == 0
    assert shop.applied() == ALL
    assert any(record["event"] == "decision" and record["action"] == "reject" for record in lockkeeper.audit())


def test_a_job_with_a_native_sidecar(play, shop):
    """podman has no such sidecars: `NativePod` does what a kubelet does. The container of the Job is as in the base, to the letter."""
    documents = render("native")
    job = play(documents, one(documents, "Job"), native=True)
    job.start()
    codes = job.ended()
    assert codes == {"migrate": 0, "lockkeeper": 0}, job.container("migrate").output()
    assert shop.applied() == ALL
    was_kept(job.container("lockkeeper"), shop)


@pytest.fixture
def app(play, shop):
    """The Deployment with its sidecar; podman plays one pod of it."""
    documents = render("classic")
    workload = copy.deepcopy(one(documents, "Deployment", "shop"))
    workload["spec"]["replicas"] = 1
    return play(documents, workload), workload["spec"]["template"]["spec"]["containers"]


def test_an_app_with_a_sidecar_serves_and_migrates(app, shop):
    deployment, containers = app
    for container in containers:
        deployment.await_probe(container, "readinessProbe")
        assert all(deployment.probed(container, kind) for kind in container if kind.endswith("Probe"))
    page = f"http://{deployment.address()}:8000/"
    assert get(page) == (200, '{"orders": 200000}')
    done = deployment.container("shop").execute("python3", "manage.py", "migrate", "shop", "0011", check=False)
    assert done.returncode == 0, done.stderr
    assert shop.applied() == ALL
    assert get(page) == (200, '{"orders": 200000}')
    lockkeeper = deployment.container("lockkeeper")
    assert inspected(lockkeeper.name)["HostConfig"]["ReadonlyRootfs"]
    for process in lockkeeper, deployment.container("shop"):
        status = process.execute("cat", "/proc/1/status").stdout
        assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status and "Uid:\t0\t" not in status, status
    assert lockkeeper.stop(60) == 0
    was_kept(lockkeeper, shop)


def test_what_is_the_pods_own_stays_in_the_pod(app, shop, server):
    """From elsewhere: health and metrics, no statement, no way to end it, and no way around the application into the database."""
    deployment, containers = app
    for container in containers:
        deployment.await_probe(container, "readinessProbe")
    admin = f"http://{deployment.address()}:9432"
    assert get(admin + "/metrics")[0] == 200
    assert get(admin + "/")[0] == 403
    assert get(admin + "/quitquitquit", method="POST")[0] == 403
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        server.connect(user="shop", host=deployment.address(), port=6432)
    assert deployment.container("lockkeeper").running()


def test_the_gateway_takes_clients_of_other_pods(play, shop):
    """One pod of it ends while the other goes on. podman has no Services: the clients choose."""
    documents = render("gateway")
    workload = one(documents, "Deployment", "lockkeeper")
    pods = []
    for number in range(workload["spec"]["replicas"]):
        pod = pod_of(workload)
        pod["metadata"]["name"] += f"-{number}"
        pods.append(play(documents, pod))
    for pod in pods:
        pod.await_probe(workload["spec"]["template"]["spec"]["containers"][0], "readinessProbe")
    for pod in pods:
        with contextlib.closing(shop.connect(user="shop", host=pod.address(), port=6432)) as connection:
            connection.cursor().execute("SELECT 1")
    with concurrent.futures.ThreadPoolExecutor() as aside:
        ended = aside.submit(pods[0].container("lockkeeper").stop, workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"])
        # drain.delay: not ready at once, and still there for those who have not noticed.
        wait_for(lambda: get(f"http://{pods[0].address()}:9432/readyz")[0] == 503, "it is not ready any more", 5)
        shop.connect(user="shop", host=pods[0].address(), port=6432).close()
        assert ended.result() == 0
    shop.connect(user="shop", host=pods[1].address(), port=6432).close()


def test_podman_has_no_native_sidecars(play, network):
    """Why they are played as they are. Where this fails podman has learned it: play them as they stand, then."""
    documents = render("native")
    with pytest.raises(RuntimeError, match="init container"):
        play(documents, pod_of(one(documents, "Job")))
