// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "tests/bench/numbers.hpp"
#include "tests/bench/report.hpp"

namespace apiguard::bench {
namespace {

using Point = std::pair<double, double>;  // ranges, nanoseconds

struct Line {
  std::string label;
  const char* colour;
  bool dashed = false;
  std::vector<Point> points;  // ascending
};

constexpr const char* kMine = "#1a7f37";
constexpr const char* kPlain = "#cf222e";
constexpr const char* kNftables = "#8250df";
constexpr const char* kIpset = "#bf8700";
constexpr const char* kEmpty = "#6e7781";

// One set of axes. Whole decades on both.
class Panel {
 public:
  Panel(double left, std::string title, std::vector<Line> lines)
      : left_(left), title_(std::move(title)), lines_(std::move(lines)) {
    double least_x = 1e9, most_x = 1, least_y = 1e9, most_y = 1;
    for (const Line& line : lines_) {
      for (const auto& [x, y] : line.points) {
        least_x = std::min(least_x, x);
        most_x = std::max(most_x, x);
        least_y = std::min(least_y, y);
        most_y = std::max(most_y, y);
      }
    }
    x_ = {std::floor(std::log10(least_x)), std::max(std::ceil(std::log10(most_x)), 2.0)};
    y_ = {std::floor(std::log10(least_y)), std::ceil(std::log10(most_y))};
  }

  [[nodiscard]] std::string svg() const {
    std::string text =
        fmt::format("<text x=\"{:.0f}\" y=\"24\" font-weight=\"bold\">{}</text>\n", left_, title_);
    text += grid();
    double legend = kTop + kHeight + 48;
    for (const Line& line : lines_) {
      text += drawn(line) + entry(line, legend);
      legend += 20;
    }
    return text;
  }

 private:
  static constexpr double kTop = 44, kWidth = 340, kHeight = 300;

  [[nodiscard]] double at_x(double exponent) const {
    return left_ + kWidth * (exponent - x_.first) / (x_.second - x_.first);
  }
  [[nodiscard]] double at_y(double exponent) const {
    return kTop + kHeight * (y_.second - exponent) / (y_.second - y_.first);
  }

  [[nodiscard]] std::string grid() const {
    std::string text;
    const auto rule = [&](double x1, double y1, double x2, double y2) {
      text += fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#d0d7de\"/>\n",
          x1, y1, x2, y2);
    };
    for (double x = x_.first; x <= x_.second; ++x) {
      rule(at_x(x), kTop, at_x(x), kTop + kHeight);
      text += fmt::format("<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\">{}</text>\n",
                          at_x(x), kTop + kHeight + 20,
                          count_text(static_cast<std::size_t>(std::lround(std::pow(10, x)))));
    }
    for (double y = y_.first; y <= y_.second; ++y) {
      rule(left_, at_y(y), left_ + kWidth, at_y(y));
      text += fmt::format("<text x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{:g} ns</text>\n",
                          left_ - 6, at_y(y) + 4, std::pow(10, y));
    }
    return text;
  }

  [[nodiscard]] std::string drawn(const Line& line) const {
    std::string path, dots;
    for (const auto& [x, y] : line.points) {
      const double across = at_x(std::log10(x)), down = at_y(std::log10(y));
      path += fmt::format("{:.1f},{:.1f} ", across, down);
      dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", across,
                          down, line.colour);
    }
    return fmt::format(
               "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", path,
               line.colour, dash(line)) +
           dots;
  }

  [[nodiscard]] std::string entry(const Line& line, double y) const {
    return fmt::format(
        "<line x1=\"{0:.0f}\" y1=\"{1:.0f}\" x2=\"{2:.0f}\" y2=\"{1:.0f}\" stroke=\"{3}\" "
        "stroke-width=\"2\"{4}/>\n<text x=\"{5:.0f}\" y=\"{6:.0f}\">{7}</text>\n",
        left_, y, left_ + 28, line.colour, dash(line), left_ + 36, y + 4, line.label);
  }

  static const char* dash(const Line& line) {
    return line.dashed ? " stroke-dasharray=\"6 4\"" : "";
  }

  double left_;
  std::string title_;
  std::vector<Line> lines_;
  std::pair<double, double> x_, y_;  // exponents
};

// A logarithmic axis has no place for what costs nothing.
double drawable(double nanoseconds) { return std::max(nanoseconds, 1.0); }

Line micro_line(const Json& cells, const std::string& family, const std::string& sources,
                const std::string& program, const char* colour, std::string label) {
  Line line{std::move(label), colour, sources != "unlisted", {}};
  for (const Json& cell : cells) {
    if (cell["family"] != family || cell["sources"] != sources || cell["list"] != "random")
      continue;
    line.points.emplace_back(cell["ranges"].get<double>(),
                             drawable(median(over_empty(cell, program))));
  }
  return line;
}

Line live_line(const Json& cells, const std::string& program, const char* colour,
               std::string label) {
  Line line{std::move(label), colour, false, {}};
  for (const Json& cell : cells)
    line.points.emplace_back(cell["ranges"].get<double>(),
                             drawable(median(cell["programs"][program].get<Runs>())));
  return line;
}

Panel micro_panel(double left, const Json& cells, const std::string& family) {
  return {left,
          family + ": cost over an empty program",
          {micro_line(cells, family, "unlisted", "plain_lpm", kPlain, "plain LPM trie, unlisted"),
           micro_line(cells, family, "listed", "plain_lpm", kPlain, "plain LPM trie, listed"),
           micro_line(cells, family, "unlisted", "apiguard", kMine, "apiguard, unlisted"),
           micro_line(cells, family, "listed", "apiguard", kMine, "apiguard, listed"),
           micro_line(cells, family, "chosen", "apiguard", kEmpty, "apiguard, attacker's choice")}};
}

Panel live_panel(double left, const Json& cells) {
  return {left,
          "Live frames on veth: everything",
          {live_line(cells, "nftables", kNftables, "nftables, netdev ingress set"),
           live_line(cells, "ipset", kIpset, "ipset hash:net, iptables raw"),
           live_line(cells, "plain_lpm", kPlain, "plain LPM trie in XDP"),
           live_line(cells, "apiguard", kMine, "apiguard"),
           live_line(cells, "empty", kEmpty, "empty XDP_DROP")}};
}

}  // namespace

std::string plot(const Json& report) {
  std::string panels;
  double left = 70;
  constexpr double kStep = 430;
  if (report.contains("micro")) {
    for (const char* family : {"IPv4", "IPv6"}) {
      panels += micro_panel(left, report["micro"], family).svg();
      left += kStep;
    }
  }
  if (report.contains("live")) {
    panels += live_panel(left, report["live"]).svg();
    left += kStep;
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0f}\" height=\"510\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}</svg>\n",
      left - 40, panels);
}

}  // namespace apiguard::bench
