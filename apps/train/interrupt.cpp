#include "interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <iterator>

namespace segue {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};
volatile sig_atomic_t g_signal = 0;
struct sigaction g_before[std::size(kSignals)];
int g_watches = 0;

void note(int signal) {
  if (g_signal != 0) _exit(128 + signal);
  g_signal = signal;
  constexpr char kText[] = "\nsegue: finishing the step, then saving; once more stops at once\n";
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, kText, sizeof kText - 1);
}

}  // namespace

InterruptWatch::InterruptWatch() {
  if (g_watches++ > 0) return;
  g_signal = 0;
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &action, &g_before[i]);
}

InterruptWatch::~InterruptWatch() {
  if (--g_watches > 0) return;
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &g_before[i], nullptr);
}

int InterruptWatch::signal() { return g_signal; }

}  // namespace segue
