/* The front: `jetpack` as a program that starts in a millisecond. It knows no command and no option. It hands its arguments
 * to jetpackd, which runs the command and says what to print; whatever it cannot do it leaves to the Node form beside it,
 * `jetpack-node`, which does all of it, with or without a daemon.
 *
 *   connect -> told (arguments, environment, terminal, id) -> does what the daemon asks for -> exit, or becomes jetpack-node
 *
 * A frame is a letter, the length of its content in four bytes, highest first, and the content. docs/PROTOCOL.md lists them.
 * Nothing of standard input is read before it is asked for, and no file is opened but one that an argument names. Until the
 * daemon asks for more time, it has one second; after that the Node form goes on, under the same message id. */
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
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { chunk = 64 * 1024, largest_request = 1024 * 1024, largest_frame = 32 * 1024 * 1024, patience_ms = 1000 };

extern char **environ;
static char **args;
static int arg_count;
static int daemon_socket = -1;
static int input_copy = -1; /* what was read of standard input, for the Node form */
static char id[37];
static struct timespec begun;

static long waited_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000;
}

/* The Node form takes over. Does not return. */
static void become_node_form(void) {
  char path[4096], handover[64];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "jetpack-node");
  if (daemon_socket != -1) close(daemon_socket);
  if (input_copy != -1) {
    lseek(input_copy, 0, SEEK_SET);
    dup2(input_copy, 0);
  }
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

/* All of it, or the Node form. */
static void write_all(int to, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(to, bytes, length);
    if (written == -1 && errno == EINTR) continue;
    if (written == -1) {
      if (to == daemon_socket) become_node_form();
      return; /* whoever read our output has gone: the exit code still says how it went */
    }
    bytes += written;
    length -= (size_t)written;
  }
}

struct frames {
  char *bytes;
  size_t length;
};

static void write_head(char *to, char type, size_t length) {
  to[0] = type;
  for (int index = 0; index < 4; index++) to[index + 1] = (char)(length >> (24 - 8 * index));
}

static size_t length_at(const char *four) {
  size_t length = 0;
  for (int index = 0; index < 4; index++) length = length << 8 | (unsigned char)four[index];
  return length;
}

/* Where there is room for it. */
static void put(struct frames *frames, char type, const void *content, size_t length) {
  write_head(frames->bytes + frames->length, type, length);
  memcpy(frames->bytes + frames->length + 5, content, length);
  frames->length += length + 5;
}

static void add(struct frames *frames, char type, const void *content, size_t length) {
  if (frames->length + length + 5 > largest_request) become_node_form();
  put(frames, type, content, length);
}

static void add_text(struct frames *frames, char type, const char *text) { add(frames, type, text, strlen(text)); }

static void answer(char type, const void *content, size_t length) {
  char head[5];
  write_head(head, type, length);
  write_all(daemon_socket, head, sizeof head);
  write_all(daemon_socket, content, length);
}

/* What commands look at, and no more: an environment may hold secrets. */
static int is_for_commands(const char *variable) {
  static const char *const names[] = {"JETPACK_HOME=", "CYCLECLOUD_", "TRACEPARENT=", "TRACESTATE=", "TZ=", "NO_COLOR=", "TERM=", "JETPACK_DEBUG=", "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="};
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
  if (length < 0 || (size_t)length >= sizeof address.sun_path) return -1;
  int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made == -1) return -1;
  if (connect(made, (struct sockaddr *)&address, sizeof address) == 0) return made;
  close(made);
  return -1;
}

static void connect_daemon(void) {
  const char *home = getenv("JETPACK_HOME");
  if (home == NULL || *home == 0) home = getenv("CYCLECLOUD_HOME");
  if (home == NULL || *home == 0) home = "/opt/cycle/jetpack";
  daemon_socket = try_socket(home, "front-admin.sock");
  if (daemon_socket == -1) daemon_socket = try_socket(home, "front.sock");
  if (daemon_socket == -1) become_node_form();
}

static void tell(void) {
  static char bytes[largest_request];
  struct frames request = {bytes, 0};
  char terminal[32], *cwd = getcwd(NULL, 0);
  struct winsize size = {.ws_col = 80};
  int is_terminal = isatty(1);
  if (is_terminal) ioctl(1, TIOCGWINSZ, &size);
  snprintf(terminal, sizeof terminal, "%d %d", is_terminal, size.ws_col);
  add_text(&request, 'H', "1");
  add_text(&request, 'I', id);
  add_text(&request, 'T', terminal);
  if (cwd != NULL) add_text(&request, 'W', cwd);
  for (char **variable = environ; *variable != NULL; variable++)
    if (is_for_commands(*variable)) add_text(&request, 'E', *variable);
  for (int index = 1; index < arg_count; index++) add_text(&request, 'A', args[index]);
  add(&request, 'G', "", 0);
  write_all(daemon_socket, request.bytes, request.length);
}

/* The next bytes of what was asked for; an empty Z at its end; X and the number of the error when it cannot be read. */
static ssize_t hand_over(int from, int copy) {
  static char bytes[chunk];
  ssize_t got;
  do got = read(from, bytes, sizeof bytes);
  while (got == -1 && errno == EINTR);
  if (got > 0) {
    if (copy != -1) write_all(copy, bytes, (size_t)got);
    answer('D', bytes, (size_t)got);
  } else if (got == 0) answer('Z', "", 0);
  else {
    char number[16];
    answer('X', number, (size_t)snprintf(number, sizeof number, "%d", errno));
  }
  return got;
}

static void hand_over_input(void) {
  if (input_copy == -1) input_copy = memfd_create("input", MFD_CLOEXEC);
  hand_over(0, input_copy);
}

/* "N OFFSET LIMIT": the path that stands in the N-th argument from that offset on. One byte more than the limit is enough. */
static void hand_over_file(const char *wanted) {
  int index;
  size_t offset;
  long left;
  if (sscanf(wanted, "%d %zu %ld", &index, &offset, &left) != 3 || index < 1 || index >= arg_count || offset > strlen(args[index])) become_node_form();
  int file = open(args[index] + offset, O_RDONLY | O_CLOEXEC);
  if (file == -1) {
    char number[16];
    answer('X', number, (size_t)snprintf(number, sizeof number, "%d", errno));
    return;
  }
  for (ssize_t got = 1; got > 0; left -= got) {
    if (left < 0) {
      answer('Z', "", 0);
      break;
    }
    got = hand_over(file, -1);
  }
  close(file);
}

/* What is to be printed is held until all of it is there: a daemon that dies in between leaves the whole run to the Node form. */
static struct frames printed;

static void hold(char type, const char *content, size_t length) {
  printed.bytes = realloc(printed.bytes, printed.length + length + 5);
  if (printed.bytes == NULL) become_node_form();
  put(&printed, type, content, length);
}

static void print_held(void) {
  for (size_t at = 0; at < printed.length;) {
    size_t length = length_at(printed.bytes + at + 1);
    write_all(printed.bytes[at] == 'O' ? 1 : 2, printed.bytes + at + 5, length);
    at += length + 5;
  }
}

/* Exactly so many bytes of the daemon's, or the Node form. */
static void read_exactly(char *to, size_t length, long deadline_ms) {
  while (length > 0) {
    struct pollfd readable = {.fd = daemon_socket, .events = POLLIN};
    long left = deadline_ms < 0 ? -1 : deadline_ms - waited_ms();
    int ready = deadline_ms >= 0 && left <= 0 ? 0 : poll(&readable, 1, (int)left);
    if (ready == -1 && errno == EINTR) continue;
    ssize_t got = ready == 1 ? read(daemon_socket, to, length) : -1;
    if (got <= 0) become_node_form();
    to += got;
    length -= (size_t)got;
  }
}

int main(int count, char **words) {
  args = words;
  arg_count = count;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  signal(SIGPIPE, SIG_IGN);
  mint_id();
  connect_daemon();
  tell();
  for (long deadline_ms = patience_ms;;) {
    unsigned char head[5];
    read_exactly((char *)head, 5, deadline_ms);
    size_t length = length_at((char *)head + 1);
    char *content = length > largest_frame ? NULL : malloc(length + 1);
    if (content == NULL) become_node_form();
    read_exactly(content, length, deadline_ms);
    content[length] = 0;
    switch (head[0]) {
      case 'O':
      case 'R': hold((char)head[0], content, length); break;
      case 'N': hand_over_input(); break;
      case 'F': hand_over_file(content); break;
      case 'K': deadline_ms = atol(content) < 0 ? -1 : waited_ms() + atol(content); break;
      case 'Q': print_held(); _exit(atoi(content));
      default: become_node_form();
    }
    free(content);
  }
}
