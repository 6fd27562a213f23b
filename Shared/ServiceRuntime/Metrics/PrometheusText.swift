/// Prometheus' text exposition format, version 0.0.4, built line by line.
public struct PrometheusText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    private var lines: [String] = []

    var finished: String { lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n" }

    /// Starts a metric: its samples follow.
    public mutating func header(_ name: String, help: String, kind: Kind) {
        let help = help.replacing("\\", with: #"\\"#).replacing("\n", with: #"\n"#)
        lines.append("# HELP \(name) \(help)")
        lines.append("# TYPE \(name) \(kind.rawValue)")
    }

    public mutating func sample(
        _ name: String, labels: [(name: String, value: String)] = [], _ value: Double
    ) {
        lines.append("\(name)\(Self.render(labels)) \(Self.render(value))")
    }

    mutating func add(_ name: String, _ family: MetricsRegistry.Family) {
        header(name, help: family.help, kind: family.kind)
        for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
            switch instrument {
            case .counter(let counter):
                lines.append("\(name)\(Self.render(labels.list)) \(counter.value)")
            case .gauge(let gauge): sample(name, labels: labels.list, gauge.value)
            case .histogram(let histogram): add(name, labels.list, histogram)
            }
        }
    }

    private mutating func add(
        _ name: String, _ labels: [(name: String, value: String)], _ histogram: Histogram
    ) {
        var total: UInt64 = 0
        for (bound, count) in zip(histogram.bounds + [.infinity], histogram.counts) {
            total += count
            let bucket = labels + [("le", Self.render(bound))]
            lines.append("\(name)_bucket\(Self.render(bucket)) \(total)")
        }
        sample("\(name)_sum", labels: labels, histogram.sum)
        lines.append("\(name)_count\(Self.render(labels)) \(total)")
    }

    private static func render(_ labels: [(name: String, value: String)]) -> String {
        if labels.isEmpty { return "" }
        let pairs = labels.map { "\($0.name)=\"\(escape($0.value))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func escape(_ value: String) -> String {
        value.replacing("\\", with: #"\\"#).replacing("\"", with: #"\""#)
            .replacing("\n", with: #"\n"#)
    }

    private static func render(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }

    static func isName(_ name: String) -> Bool {
        isLabelName(name.replacing(":", with: "_"))
    }

    static func isLabelName(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, !("0"..."9").contains(first) else {
            return false
        }
        return name.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || $0 == "_"
        }
    }
}
