#include "dataflow/op/save_as_text_file.hpp"

#include <filesystem>

namespace crema::internal {

using output_part = plan_part<std::shared_ptr<text_output>>;

void output_part::write(const std::shared_ptr<text_output>& part, plan_writer& out) {
  out.put(std::filesystem::absolute(part->path()).string());
  out.put(std::filesystem::absolute(part->temporary()).string());
}

std::shared_ptr<text_output> output_part::read(plan_reader& in) {
  auto path = in.get<std::string>();
  return std::make_shared<text_output>(std::move(path), in.get<std::string>());
}

} // namespace crema::internal
