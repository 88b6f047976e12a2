/* The front: `jetpack` as a program that starts in a millisecond. It knows no command and no option. It hands its arguments
 * to jetpackd, which runs the command and says what to print; whatever it cannot do it leaves to the Node form beside it,
 * `jetpack-node`, which does all of it, with or without a daemon.
 *
 *   connect -> told (arguments, environment, terminal, id) -> does what the daemon asks for -> exit, or becomes jetpack-node
 *
 * A frame is a letter, the length of its content in four bytes, highest first, and the content. docs/PROTOCOL.md lists them.
 * Nothing of standard input is read before it is asked for, and no file is opened but one that an argument names: only that
 * may take its time. A daemon that is waited for has a second, or what it asked for; then the Node form goes on, under the
 * same message id. */
#include "bare.h"
#include <errno.h>

enum { chunk = 64 * 1024, largest_request = 1024 * 1024, largest_frame = 32 * 1024 * 1024, patience_ms = 1000, head = 5 };

static int arg_count;
static char **args, **env;
static int daemon_socket = -1;
static char first_said[1024], first_told[1024]; /* in which most runs find room */
static struct bytes said = {first_said, 0, sizeof first_said}; /* of the daemon. Printed when all of it is there: one that dies in between leaves the whole run to the Node form */
static size_t done;                                            /* bytes of it that were looked at */
static struct bytes input;                                     /* what was read of standard input, for the Node form: no frames */
static int input_ended, is_spent; /* and whether a pipe that an argument names was read: nobody can read that again */
static char id[37];
static struct timespec begun;
static long aside_ms;                  /* spent on input and files: nothing that the daemon was waited for */
static long deadline_ms = patience_ms; /* of waited_ms, for the daemon */

static long waited_ms(void) {
  struct timespec now;
  sys_clock(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 - aside_ms;
}

static void write_all(int to, const char *bytes, size_t length);

/* One line, of texts up to a null. */
static void __attribute__((noreturn)) fail(const char *first, ...) {
  struct bytes line = {0};
  va_list rest;
  va_start(rest, first);
  add_text(&line, "jetpack: ");
  for (const char *each = first; each != NULL; each = va_arg(rest, const char *)) add_text(&line, each);
  va_end(rest);
  add_text(&line, "\n");
  write_all(2, line.at, line.length);
  leave(1);
}

static void become_node_form(void) __attribute__((noreturn));
/* What is left of the daemon's time, to the next call that waits for it; or the Node form. */
static void limit_call(int timeout) {
  long left = deadline_ms - waited_ms();
  struct timeval time = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
  if (left <= 0) become_node_form();
  sys_setsockopt(daemon_socket, timeout, &time, sizeof time);
}

/* All of it, to the daemon or else the Node form. Whoever read our output may have gone: the exit code still says how it went. */
static void write_all(int to, const char *bytes, size_t length) {
  while (length > 0) {
    if (to == daemon_socket) limit_call(SO_SNDTIMEO);
    long written = sys_write(to, bytes, length);
    if (written > 0) {
      bytes += written;
      length -= (size_t)written;
    } else if (to == daemon_socket && written != -EINTR) become_node_form();
    else if (written == -EAGAIN) sys_poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1);
    else if (written == -EPIPE || to == 2) return;
    else if (written != -EINTR) fail("standard output cannot be written (file_unwritable)", NULL);
  }
}

/* To the Node form: what was read of standard input, and then the rest, by a child that ends with it and holds nothing else of the caller. */
static void give_back_input(void) {
  static char bytes[chunk];
  int ends[2];
  long parent = sys_getpid(), child = sys_pipe(ends) < 0 ? -1 : sys_fork();
  if (child < 0) fail("standard input cannot be handed on (internal)", NULL);
  sys_dup(ends[child == 0], child == 0);
  sys_close(ends[0]), sys_close(ends[1]);
  if (child != 0) return;
  for (int other = 2; other < 1024; other++) sys_close(other);
  write_all(1, input.at, input.length);
  while (!input_ended) {
    struct pollfd both[] = {{.fd = 0, .events = POLLIN}, {.fd = 1}};
    long got = sys_poll(both, 2);
    if (got > 0 && both[1].revents != 0) break;
    if (got > 0) got = sys_read(0, bytes, sizeof bytes);
    if (got > 0) write_all(1, bytes, (size_t)got);
    else if (got == 0) input_ended = 1;
    else if (got != -EAGAIN && got != -EINTR) {
      if (sys_getppid() == parent) sys_kill(parent, SIGTERM); /* or a part would be taken for all of it */
      break;
    }
  }
  leave(0);
}

/* The environment, and in it under which id the run goes on, and how long the daemon was waited for. */
static char **with_handover(void) {
  static struct bytes variable, all;
  int had_room = add_text(&variable, "JETPACK_FRONT=") && add(&variable, id, strlen(id)) && add(&variable, " ", 1) && add_number(&variable, waited_ms()) && add(&variable, "", 1);
  for (char **each = env; had_room && *each != NULL; each++)
    if (!begins_with(*each, "JETPACK_FRONT=")) had_room = add(&all, each, sizeof *each);
  had_room = had_room && (id[0] == 0 || add(&all, &variable.at, sizeof variable.at)) && add(&all, &(char *){NULL}, sizeof(char *));
  if (!had_room) fail("there is no memory to hand the run on (internal)", NULL); /* under another id a message might be doubled */
  return (char **)(void *)all.at;
}

static void become_node_form(void) {
  static char path[4096];
  if (is_spent) fail("jetpackd went away, and a pipe that an argument names cannot be read twice: give it as standard input (daemon_unreachable)", NULL);
  long length = sys_readlink("/proc/self/exe", path, sizeof path - sizeof "jetpack-node"), why = length;
  if (daemon_socket != -1) sys_close(daemon_socket);
  daemon_socket = -1;
  if (input.length > 0 || input_ended) give_back_input();
  if (length > 0) {
    while (path[length - 1] != '/') length--;
    memcpy(path + length, "jetpack-node", sizeof "jetpack-node");
    args[0] = path;
    why = sys_execve(path, args, with_handover());
  }
  fail("jetpackd does not answer, and ", length > 0 ? path : "jetpack-node", " cannot be run (", why == -ENOENT ? "it is not there" : why == -EACCES ? "it may not be" : "the system refuses", ")", NULL);
}

static void put(struct bytes *frames, char type, const void *content, size_t length) {
  const char start[head] = {type, (char)(length >> 24), (char)(length >> 16), (char)(length >> 8), (char)length};
  if (!add(frames, start, head) || !add(frames, content, length)) become_node_form();
}

static void put_text(struct bytes *frames, char type, const char *text) { put(frames, type, text, strlen(text)); }

static void answer(char type, const void *content, size_t length) {
  static struct bytes one;
  one.length = 0;
  put(&one, type, content, length);
  deadline_ms = waited_ms() + patience_ms;
  write_all(daemon_socket, one.at, one.length);
}

static void answer_error(long error) {
  struct bytes number = {first_told, 0, sizeof first_told};
  add_number(&number, -error);
  answer('X', number.at, number.length);
}

/* What commands look at, and no more: an environment may hold secrets. */
static int is_for_commands(const char *variable) {
  static const char *const names[] = {"JETPACK_HOME=", "CYCLECLOUD_HOME=", "CYCLECLOUD_PROJECT_NAME=", "TRACEPARENT=", "TRACESTATE=", "TZ=", "NO_COLOR=", "TERM=", "JETPACK_DEBUG=", "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="};
  for (size_t index = 0; index < sizeof names / sizeof *names; index++)
    if (begins_with(variable, names[index])) return 1;
  return 0;
}

/* A UUID of version 7 (RFC 9562, section 5.7). */
static void mint_id(void) {
  unsigned char bytes[16];
  struct timespec now;
  if (sys_getrandom(bytes, sizeof bytes) != sizeof bytes) become_node_form();
  sys_clock(CLOCK_REALTIME, &now);
  uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  for (int index = 0; index < 6; index++) bytes[index] = (unsigned char)(ms >> (40 - 8 * index));
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  char *to = id;
  for (int index = 0; index < 16; index++) {
    if (index == 4 || index == 6 || index == 8 || index == 10) *to++ = '-';
    *to++ = "0123456789abcdef"[bytes[index] >> 4];
    *to++ = "0123456789abcdef"[bytes[index] & 15];
  }
}

static int try_socket(const char *home, const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct bytes path = {address.sun_path, 0, sizeof address.sun_path};
  if (strlen(home) + strlen(name) >= path.room) return 0;
  add_text(&path, home), add_text(&path, name);
  daemon_socket = (int)sys_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC);
  limit_call(SO_SNDTIMEO); /* connect waits for room before the daemon */
  if (sys_connect(daemon_socket, &address, sizeof address) == 0) return 1;
  sys_close(daemon_socket);
  return 0;
}

static void connect_daemon(void) {
  const char *home = value_of(env, "JETPACK_HOME=");
  if (home == NULL) home = value_of(env, "CYCLECLOUD_HOME=");
  if (home == NULL) home = "/opt/cycle/jetpack";
  if (try_socket(home, "/run/front-admin.sock") || try_socket(home, "/run/front.sock")) return;
  daemon_socket = -1;
  become_node_form();
}

static void tell(void) {
  static char cwd[4096];
  struct bytes told = {first_told, 0, sizeof first_told};
  char words[32];
  struct bytes terminal = {words, 0, sizeof words};
  struct winsize size = {.ws_col = 80};
  int is_terminal = sys_ioctl(1, TIOCGWINSZ, &size) == 0;
  add_text(&terminal, is_terminal ? "1 " : "0 "), add_number(&terminal, size.ws_col);
  put_text(&told, 'H', "1");
  put_text(&told, 'I', id);
  put(&told, 'T', terminal.at, terminal.length);
  if (sys_getcwd(cwd, sizeof cwd) > 0 && cwd[0] == '/') put_text(&told, 'W', cwd);
  for (char **each = env; *each != NULL; each++)
    if (is_for_commands(*each)) put_text(&told, 'E', *each);
  for (int index = 1; index < arg_count; index++) put_text(&told, 'A', args[index]);
  put(&told, 'G', "", 0);
  if (told.length > largest_request) become_node_form();
  write_all(daemon_socket, told.at, told.length);
}

/* The next bytes of what was asked for; an empty Z at its end; X and the number of the error when it cannot be read. */
static long hand_over(int from) {
  static char bytes[chunk];
  long got, since = waited_ms();
  while ((got = sys_read(from, bytes, sizeof bytes)) == -EINTR || got == -EAGAIN)
    if (got == -EAGAIN) sys_poll(&(struct pollfd){.fd = from, .events = POLLIN}, 1);
  aside_ms += waited_ms() - since;
  if (got > 0 && from == 0 && !add(&input, bytes, (size_t)got)) fail("standard input cannot be kept (internal)", NULL);
  if (got == 0 && from == 0) input_ended = 1;
  if (got < 0) answer_error(got);
  else answer(got == 0 ? 'Z' : 'D', bytes, (size_t)got);
  return got;
}

/* "N OFFSET LIMIT": the path that stands in the N-th argument from that offset on. One byte more than the limit is enough. */
static void hand_over_file(const char *wanted, const char *end) {
  long index = take_number(&wanted, end), offset = take_number(&wanted, end), left = take_number(&wanted, end);
  if (index < 1 || index >= arg_count || offset < 0 || (size_t)offset > strlen(args[index]) || left < 0) become_node_form();
  long since = waited_ms(), got = sys_open(args[index] + offset, O_RDONLY | O_CLOEXEC);
  int file = (int)got;
  aside_ms += waited_ms() - since;
  if (file < 0) answer_error(got);
  else is_spent |= sys_lseek(file, 0, SEEK_CUR) == -ESPIPE, got = 1;
  while (got > 0 && left >= 0) left -= got = hand_over(file);
  if (got > 0) answer('Z', "", 0);
  if (file >= 0) sys_close(file);
}

static size_t length_at(const char *four) {
  size_t length = 0;
  for (int index = 0; index < 4; index++) length = length << 8 | (unsigned char)four[index];
  return length;
}

static void print_held(void) {
  for (size_t at = 0; at < done;) {
    size_t length = length_at(said.at + at + 1);
    if (said.at[at] == 'O' || said.at[at] == 'R') write_all(said.at[at] == 'O' ? 1 : 2, said.at + at + head, length);
    at += head + length;
  }
}

/* Until so many bytes are there that were not looked at; or the Node form. */
static void receive(size_t wanted) {
  while (said.length - done < wanted) {
    if (!make_room(&said, wanted)) become_node_form();
    limit_call(SO_RCVTIMEO);
    long got = sys_read(daemon_socket, said.at + said.length, said.room - said.length);
    if (got == -EINTR) continue;
    if (got <= 0) become_node_form();
    said.length += (size_t)got;
  }
}

static void begin(long *stack) {
  arg_count = (int)*stack, args = (char **)(stack + 1), env = args + arg_count + 1;
  if (arg_count < 1) fail("it was called without a name", NULL); /* and what follows the arguments is the environment */
  sys_clock(CLOCK_MONOTONIC, &begun);
  ignore_broken_pipes();
  for (int each = 0; each < 3; each++)
    if (sys_fcntl(each, F_GETFD) < 0 && sys_open("/dev/null", O_RDWR) < 0) become_node_form(); /* or the daemon's socket would stand in their place */
  mint_id();
  connect_daemon();
  tell();
  for (;;) {
    receive(head);
    size_t length = length_at(said.at + done + 1);
    if (length > largest_frame) become_node_form();
    receive(head + length);
    const char type = said.at[done], *content = said.at + done + head, *end = content + length;
    long number = type == 'K' || type == 'Q' ? take_number(&content, end) : 0;
    if (number < 0 || (type == 'Q' && number > 255)) become_node_form();
    switch (type) {
      case 'O': case 'R': break;
      case 'N': hand_over(0); break;
      case 'F': hand_over_file(content, end); break;
      case 'K': deadline_ms = waited_ms() + number; break;
      case 'Q': print_held(); leave((int)number);
      default: become_node_form();
    }
    done += head + length;
  }
}
