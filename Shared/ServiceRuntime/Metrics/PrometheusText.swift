/// Prometheus' text exposition format, version 0.0.4, or OpenMetrics 1.0, built line by line.
public struct PrometheusText: Sendable {
    public enum Format: Sendable {
        case prometheus, openMetrics

        var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    public static let contentType = Format.prometheus.contentType

    /// A call that stands for a range of a histogram.
    public struct Exemplar: Sendable {
        public var traceID: String
        public var value: Double

        public init(traceID: String, value: Double) {
            self.traceID = traceID
            self.value = value
        }
    }

    public enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    private let format: Format
    private var lines: [String] = []

    public init(_ format: Format = .prometheus) { self.format = format }

    public var finished: String {
        let all = format == .openMetrics ? lines + ["# EOF"] : lines
        return all.isEmpty ? "" : all.joined(separator: "\n") + "\n"
    }

    /// Starts a metric: its samples follow.
    public mutating func header(_ name: String, help: String, kind: Kind) {
        let help = help.replacing("\\", with: #"\\"#).replacing("\n", with: #"\n"#)
        // OpenMetrics names the family of a counter without the suffix that its samples have.
        let isSuffixed = format == .openMetrics && kind == .counter && name.hasSuffix("_total")
        let family = isSuffixed ? String(name.dropLast("_total".count)) : name
        lines.append("# HELP \(family) \(help)")
        lines.append("# TYPE \(family) \(kind.rawValue)")
    }

    /// The samples of one series of a histogram.
    ///
    /// - Parameters:
    ///   - counts: by range, not cumulative; one more than `bounds`.
    ///   - exemplars: by range.
    public mutating func histogram(
        _ name: String, labels: [(name: String, value: String)], bounds: [Double],
        counts: [UInt64], sum: Double, exemplars: [Int: Exemplar] = [:]
    ) {
        var total: UInt64 = 0
        for (range, (bound, count)) in zip(bounds + [.infinity], counts).enumerated() {
            total &+= count
            let bucket = labels + [("le", Self.render(bound))]
            var line = "\(name)_bucket\(Self.render(bucket)) \(total)"
            if format == .openMetrics, let exemplar = exemplars[range] {
                let trace = Self.render([("trace_id", exemplar.traceID)])
                line += " # \(trace) \(Self.render(exemplar.value))"
            }
            lines.append(line)
        }
        sample("\(name)_sum", labels: labels, sum)
        lines.append("\(name)_count\(Self.render(labels)) \(total)")
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
            case .histogram(let value):
                histogram(
                    name, labels: labels.list, bounds: value.bounds, counts: value.counts,
                    sum: value.sum)
            }
        }
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
