import Foundation
import Inference
import Numerics

/// An explanation as a person reads it: what was there before, what each input added, and what it
/// came to.
struct ScoreExplanation {
    struct Part {
        var name: String
        /// The input's value in the row.
        var value: String
        var added: Double
        var effect: String
    }

    var title: String
    /// Such as "tree_shap, exact".
    var method: String
    var base: Double
    /// Largest first.
    var parts: [Part] = []
    var rounding: Double
    /// What LIME leaves over is no rounding.
    var roundingName = "rounding"
    var margins: [Double]
    var output: Int
    var probabilities: [Double]
    /// What may be wanted besides, such as the band.
    var remarks: [String] = []
    /// The lower the margin, the more of what is looked for.
    var fallsWithRisk: Bool

    func text(hexadecimal: Bool) -> String {
        let moving = parts.filter { $0.added != 0 }
        let sum = parts.reduce(base) { $0 + $1.added }
        var rows = [row("base value", "", base, "", hexadecimal)]
        rows += moving.map { row("+ \($0.name)", $0.value, $0.added, $0.effect, hexadecimal) }
        rows.append(row("sum", "", sum, "", hexadecimal))
        rows.append(row(roundingName, "", rounding, "", hexadecimal))
        let margin = margins[output]
        let total = sum + rounding
        let isMargin = abs(total - margin) <= 1e-9 * max(1, abs(margin))
        if !isMargin {
            rows.append(
                row("explained", "", total, "the sum behind the margin", hexadecimal))
        }
        rows.append(row("margin", "", margin, "", hexadecimal))
        // Of one margin for two classes, the second class is the one that it speaks for.
        let isPaired = probabilities.count == margins.count
        if let last = isPaired ? probabilities[output] : probabilities.last {
            rows.append(row("probability", "", last, "", hexadecimal))
        }
        var lines = [title, method]
        let idle = parts.count - moving.count
        if idle > 0 { lines.append("\(idle) of \(parts.count) inputs add nothing") }
        if fallsWithRisk { lines.append("a lower sum means more risk") }
        return (lines + remarks + [""] + Self.aligned(rows)).joined(separator: "\n")
    }

    private func row(
        _ name: String, _ value: String, _ number: Double, _ effect: String, _ hexadecimal: Bool
    ) -> [String] {
        [
            name, value,
            hexadecimal ? HexFloat.text(number) : Self.decimal(number), effect,
        ]
    }

    /// With nine digits after the point, or as a power of ten where those would hide it.
    private static func decimal(_ number: Double) -> String {
        let format = number == 0 || (1e-4..<1e9).contains(abs(number)) ? "%.9f" : "%.6e"
        return String(format: format, number)
    }

    /// Numbers to the right, texts to the left.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column == 2 ? space + text : text + space
            }
            var line = cells.joined(separator: "  ")[...]
            while line.last == " " { line.removeLast() }
            return String(line)
        }
    }
}

extension ScoreExplanation {
    init(
        title: String, explained: Attributions, margins: [Double], output: Int,
        probabilities: [Double]
    ) {
        let exactness =
            switch explained.exactness {
            case .exact: "exact"
            case .sampled(let seed): "sampled with seed \(String(seed, radix: 16))"
            case .rescaled: "rescaled: the sum is exact, the shares are a convention"
            }
        self.init(
            title: title, method: "\(explained.method.rawValue), \(exactness)",
            base: explained.base, rounding: explained.rounding, margins: margins, output: output,
            probabilities: probabilities, fallsWithRisk: explained.fallsWithRisk)
        if let fit = explained.localFit {
            roundingName = "left over"
            remarks.append("local fit R² = \(Self.decimal(fit)); the parts need not add up")
        }
    }
}
