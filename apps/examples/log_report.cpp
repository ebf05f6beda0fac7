#include "apps/examples/log_report.hpp"
#include "apps/examples/program/program.hpp"

using namespace crema::examples;

int main(int argc, char** argv) {
  std::vector<std::string> uris;
  std::int64_t top = 20;

  program command{"log_report", "Reports web server logs in the common or combined format: the paths with most "
                                "requests, all statuses, the hosts with most bytes."};
  command.arguments("URI", uris, "files, directories or globs");
  command.option("--top", top, 0, "how many paths and hosts to print");

  return command.run(argc, argv, [&](crema::context& ctx, output& out) {
    const auto report = report_traffic(ctx, comma_list(uris), top);
    out.line("requests\tpath");
    for (const auto& [path, its] : report.paths)
      out.line(its.requests, '\t', path);
    out.line("\nrequests\tstatus");
    for (const auto& [status, its] : report.statuses)
      out.line(its.requests, '\t', status);
    out.line("\nbytes\thost");
    for (const auto& [host, its] : report.hosts)
      out.line(its.bytes, '\t', host);
    out.line("\nmalformed lines\t", report.malformed);
  });
}
