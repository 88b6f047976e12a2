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
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { chunk = 64 * 1024, largest_request = 1024 * 1024, largest_frame = 32 * 1024 * 1024, patience_ms = 1000 };

struct frames { char *bytes; size_t length; };

static char **args;
static int arg_count;
static int daemon_socket = -1;
static struct frames printed; /* held until all of it is there: a daemon that dies in between leaves the whole run to the Node form */
static struct frames input;   /* what was read of standard input, for the Node form: no frames */
static int input_ended, is_spent; /* and whether a pipe that an argument names was read: nobody can read that again */
static char id[37];
static struct timespec begun;
static long aside_ms;                  /* spent on input and files: nothing that the daemon was waited for */
static long deadline_ms = patience_ms; /* of waited_ms, for the daemon */

static long waited_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 - aside_ms;
}

static void fail(const char *what) {
  dprintf(2, "jetpack: %s\n", what);
  _exit(1);
}

static void become_node_form(void);
/* What is left of the daemon's time, to the next call that waits for it; or the Node form. */
static void limit_call(int timeout) {
  long left = deadline_ms - waited_ms();
  struct timeval time = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
  if (left <= 0) become_node_form();
  setsockopt(daemon_socket, SOL_SOCKET, timeout, &time, sizeof time);
}

/* All of it, to the daemon or else the Node form. Whoever read our output may have gone: the exit code still says how it went. */
static void write_all(int to, const char *bytes, size_t length) {
  while (length > 0) {
    if (to == daemon_socket) limit_call(SO_SNDTIMEO);
    ssize_t written = write(to, bytes, length);
    if (written > 0) {
      bytes += written;
      length -= (size_t)written;
    } else if (to == daemon_socket && errno != EINTR) become_node_form();
    else if (errno == EAGAIN) poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, -1);
    else if (errno == EPIPE || to == 2) return;
    else if (errno != EINTR) fail("standard output cannot be written (file_unwritable)");
  }
}

/* To the Node form: what was read of standard input, and then the rest, by a child that ends with it and holds nothing else of the caller. */
static void give_back_input(void) {
  static char bytes[chunk];
  int ends[2];
  pid_t parent = getpid(), child = pipe(ends) == -1 ? -1 : fork();
  if (child == -1) fail("standard input cannot be handed on (internal)");
  dup2(ends[child == 0], child == 0);
  close(ends[0]), close(ends[1]);
  if (child != 0) return;
  for (int other = 2; other < 1024; other++) close(other);
  write_all(1, input.bytes, input.length);
  while (!input_ended) {
    struct pollfd both[] = {{.fd = 0, .events = POLLIN}, {.fd = 1}};
    if (poll(both, 2, -1) == -1) continue;
    if (both[1].revents != 0) break;
    ssize_t got = read(0, bytes, sizeof bytes);
    if (got > 0) write_all(1, bytes, (size_t)got);
    else if (got == 0) input_ended = 1;
    else if (errno != EAGAIN && errno != EINTR) {
      if (getppid() == parent) kill(parent, SIGTERM); /* or a part would be taken for all of it */
      break;
    }
  }
  _exit(0);
}

/* Does not return. */
static void become_node_form(void) {
  char path[4096], handover[64];
  if (is_spent) fail("jetpackd went away, and a pipe that an argument names cannot be read twice: give it as standard input (daemon_unreachable)");
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "jetpack-node");
  if (daemon_socket != -1) close(daemon_socket);
  daemon_socket = -1;
  if (input.length > 0 || input_ended) give_back_input();
  snprintf(handover, sizeof handover, "%s %ld", id, waited_ms());
  if (id[0] != 0) setenv("JETPACK_FRONT", handover, 1);
  if (length > 0) {
    path[length] = 0;
    strcpy(strrchr(path, '/') + 1, "jetpack-node");
    args[0] = path;
    execv(path, args);
  }
  dprintf(2, "jetpack: jetpackd does not answer, and %s cannot be run (%s)\n", length > 0 ? path : "jetpack-node", strerror(errno));
  _exit(1);
}

static size_t length_at(const char *four) {
  size_t length = 0;
  for (int index = 0; index < 4; index++) length = length << 8 | (unsigned char)four[index];
  return length;
}

static void put(struct frames *frames, char type, const void *content, size_t length) {
  frames->bytes = realloc(frames->bytes, frames->length + length + 5);
  if (frames->bytes == NULL) become_node_form();
  char *to = frames->bytes + frames->length;
  *to++ = type;
  for (int index = 0; index < 4; index++) *to++ = (char)(length >> (24 - 8 * index));
  memcpy(to, content, length);
  frames->length += length + 5;
}

static void put_text(struct frames *frames, char type, const char *text) { put(frames, type, text, strlen(text)); }

static void answer(char type, const void *content, size_t length) {
  static struct frames one;
  one.length = 0;
  put(&one, type, content, length);
  deadline_ms = waited_ms() + patience_ms;
  write_all(daemon_socket, one.bytes, one.length);
}

static void answer_error(void) {
  char number[16];
  answer('X', number, (size_t)snprintf(number, sizeof number, "%d", errno));
}

/* What commands look at, and no more: an environment may hold secrets. */
static int is_for_commands(const char *variable) {
  static const char *const names[] = {"JETPACK_HOME=", "CYCLECLOUD_HOME=", "CYCLECLOUD_PROJECT_NAME=", "TRACEPARENT=", "TRACESTATE=", "TZ=", "NO_COLOR=", "TERM=", "JETPACK_DEBUG=", "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="};
  for (size_t index = 0; index < sizeof names / sizeof *names; index++)
    if (strncmp(variable, names[index], strlen(names[index])) == 0) return 1;
  return 0;
}

/* A UUID of version 7 (RFC 9562, section 5.7). */
static void mint_id(void) {
  unsigned char bytes[16];
  struct timespec now;
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) become_node_form();
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  for (int index = 0; index < 6; index++) bytes[index] = (unsigned char)(ms >> (40 - 8 * index));
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  char *to = id;
  for (int index = 0; index < 16; index++) to += sprintf(to, index == 4 || index == 6 || index == 8 || index == 10 ? "-%02x" : "%02x", bytes[index]);
}

static int try_socket(const char *home, const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/run/%s", home, name);
  if (length < 0 || (size_t)length >= sizeof address.sun_path) return 0;
  daemon_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  limit_call(SO_SNDTIMEO); /* connect waits for room before the daemon */
  if (connect(daemon_socket, (struct sockaddr *)&address, sizeof address) == 0) return 1;
  close(daemon_socket);
  return 0;
}

static void connect_daemon(void) {
  const char *home = getenv("JETPACK_HOME");
  if (home == NULL || *home == 0) home = getenv("CYCLECLOUD_HOME");
  if (home == NULL || *home == 0) home = "/opt/cycle/jetpack";
  if (!try_socket(home, "front-admin.sock") && !try_socket(home, "front.sock")) become_node_form();
}

static void tell(void) {
  struct frames request = {NULL, 0};
  char terminal[32], *cwd = getcwd(NULL, 0);
  struct winsize size = {.ws_col = 80};
  int is_terminal = isatty(1);
  if (is_terminal) ioctl(1, TIOCGWINSZ, &size);
  snprintf(terminal, sizeof terminal, "%d %d", is_terminal, size.ws_col);
  put_text(&request, 'H', "1");
  put_text(&request, 'I', id);
  put_text(&request, 'T', terminal);
  if (cwd != NULL) put_text(&request, 'W', cwd);
  for (char **each = environ; *each != NULL; each++)
    if (is_for_commands(*each)) put_text(&request, 'E', *each);
  for (int index = 1; index < arg_count; index++) put_text(&request, 'A', args[index]);
  put(&request, 'G', "", 0);
  if (request.length > largest_request) become_node_form();
  write_all(daemon_socket, request.bytes, request.length);
}

/* The next bytes of what was asked for; an empty Z at its end; X and the number of the error when it cannot be read. */
static ssize_t hand_over(int from) {
  static char bytes[chunk];
  ssize_t got;
  long since = waited_ms();
  while ((got = read(from, bytes, sizeof bytes)) == -1 && (errno == EINTR || errno == EAGAIN))
    if (errno == EAGAIN) poll(&(struct pollfd){.fd = from, .events = POLLIN}, 1, -1);
  aside_ms += waited_ms() - since;
  if (got > 0 && from == 0) {
    input.bytes = realloc(input.bytes, input.length + (size_t)got);
    if (input.bytes == NULL) fail("standard input cannot be kept (internal)");
    memcpy(input.bytes + input.length, bytes, (size_t)got);
    input.length += (size_t)got;
  }
  if (got == 0 && from == 0) input_ended = 1;
  if (got == -1) answer_error();
  else answer(got == 0 ? 'Z' : 'D', bytes, (size_t)got);
  return got;
}

/* "N OFFSET LIMIT": the path that stands in the N-th argument from that offset on. One byte more than the limit is enough. */
static void hand_over_file(const char *wanted) {
  int index;
  size_t offset;
  long left;
  if (sscanf(wanted, "%d %zu %ld", &index, &offset, &left) != 3 || index < 1 || index >= arg_count || offset > strlen(args[index])) become_node_form();
  long since = waited_ms();
  int file = open(args[index] + offset, O_RDONLY | O_CLOEXEC);
  aside_ms += waited_ms() - since;
  struct stat status;
  ssize_t got = file;
  if (file == -1) answer_error();
  else is_spent |= fstat(file, &status) == 0 && S_ISFIFO(status.st_mode);
  while (got > 0 && left >= 0) left -= got = hand_over(file);
  if (got > 0) answer('Z', "", 0);
  close(file);
}

static void print_held(void) {
  for (size_t at = 0; at < printed.length;) {
    size_t length = length_at(printed.bytes + at + 1);
    write_all(printed.bytes[at] == 'O' ? 1 : 2, printed.bytes + at + 5, length);
    at += length + 5;
  }
}

/* Exactly so many bytes of the daemon's, or the Node form. */
static void read_exactly(char *to, size_t length) {
  while (length > 0) {
    limit_call(SO_RCVTIMEO);
    ssize_t got = read(daemon_socket, to, length);
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) become_node_form();
    to += got;
    length -= (size_t)got;
  }
}

int main(int count, char **words) {
  args = words, arg_count = count;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  signal(SIGPIPE, SIG_IGN);
  for (int each = 0; each < 3; each++)
    if (fcntl(each, F_GETFD) == -1) open("/dev/null", O_RDWR); /* or the daemon's socket would stand in their place */
  mint_id();
  connect_daemon();
  tell();
  for (;;) {
    unsigned char head[5];
    read_exactly((char *)head, 5);
    size_t length = length_at((char *)head + 1);
    char *content = length > largest_frame ? NULL : malloc(length + 1);
    if (content == NULL) become_node_form();
    read_exactly(content, length);
    content[length] = 0;
    switch (head[0]) {
      case 'O': case 'R': put(&printed, (char)head[0], content, length); break;
      case 'N': hand_over(0); break;
      case 'F': hand_over_file(content); break;
      case 'K': deadline_ms = waited_ms() + atoi(content); break;
      case 'Q': print_held(); _exit(atoi(content));
      default: become_node_form();
    }
    free(content);
  }
}
