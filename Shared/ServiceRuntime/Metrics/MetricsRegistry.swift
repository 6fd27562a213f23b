internal import Synchronization

/// All numbers a process shows on its admin port.
///
/// Ask for a metric once, keep it, and use it on the hot path: asking takes a lock, counting does
/// not. Asking again with the same name and labels gives the same object.
public final class MetricsRegistry: Sendable {
    /// Label sets of one metric. Beyond, all further ones are counted together under `overflow`,
    /// so that a label from outside cannot exhaust memory.
    public static let maximumSeries = 1000

    enum Instrument: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)

        var kind: PrometheusText.Kind {
            switch self {
            case .counter: .counter
            case .gauge: .gauge
            case .histogram: .histogram
            }
        }
    }

    struct Family: Sendable {
        let help: String
        let kind: PrometheusText.Kind
        var series: [MetricLabels: Instrument] = [:]
    }

    private struct State: Sendable {
        var families: [String: Family] = [:]
        var collectors: [@Sendable (inout PrometheusText) -> Void] = []
        var refreshers: [@Sendable () async -> Void] = []
    }

    private let state = Mutex(State())

    public init() {}

    public func counter(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) -> Counter {
        let made = instrument(name, help, labels) { .counter(Counter()) }
        guard case .counter(let counter) = made else { Self.wrongKind(name) }
        return counter
    }

    public func gauge(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) -> Gauge {
        let made = instrument(name, help, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = made else { Self.wrongKind(name) }
        return gauge
    }

    public func histogram(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:],
        bounds: [Double] = Histogram.latencyBounds
    ) -> Histogram {
        let made = instrument(name, help, labels) { .histogram(Histogram(bounds: bounds)) }
        guard case .histogram(let histogram) = made else { Self.wrongKind(name) }
        return histogram
    }

    /// Adds numbers that are kept elsewhere: `body` runs at every scrape.
    public func collect(_ body: @escaping @Sendable (inout PrometheusText) -> Void) {
        state.withLock { $0.collectors.append(body) }
    }

    /// Adds a look at what is kept where a scrape cannot read it: `body` runs before every scrape.
    public func refresh(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { $0.refreshers.append(body) }
    }

    /// Everything as it is now.
    public func fresh(_ format: PrometheusText.Format = .prometheus) async -> String {
        for refresher in state.withLock({ $0.refreshers }) { await refresher() }
        return text(format)
    }

    /// Everything in Prometheus' text format or OpenMetrics, sorted by name and labels.
    public func text(_ format: PrometheusText.Format = .prometheus) -> String {
        let (families, collectors) = state.withLock { ($0.families, $0.collectors) }
        var text = PrometheusText(format)
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text.add(name, family)
        }
        for collector in collectors { collector(&text) }
        return text.finished
    }

    private func instrument(
        _ name: String, _ help: String, _ labels: KeyValuePairs<String, String>,
        make: () -> Instrument
    ) -> Instrument {
        precondition(PrometheusText.isName(name), "'\(name)' is no metric name")
        let key = MetricLabels(labels)
        return state.withLock { state in
            let new = make()
            var family = state.families[name] ?? Family(help: help, kind: new.kind)
            precondition(family.kind == new.kind, "metric \(name) is a \(family.kind)")
            var series = key
            if family.series[key] == nil, family.series.count >= Self.maximumSeries {
                series = key.overflow
            }
            if let known = family.series[series] { return known }
            family.series[series] = new
            state.families[name] = family
            return new
        }
    }

    private static func wrongKind(_ name: String) -> Never {
        preconditionFailure("metric \(name) has two kinds")
    }
}

/// Label names and values in the order they were given.
struct MetricLabels: Sendable, Hashable, Comparable {
    private let pairs: [[String]]

    init(_ labels: KeyValuePairs<String, String>) {
        precondition(labels.allSatisfy { PrometheusText.isLabelName($0.key) }, "bad label name")
        pairs = labels.map { [$0.key, $0.value] }
    }

    private init(pairs: [[String]]) {
        self.pairs = pairs
    }

    /// The same label names, all with the value `overflow`.
    var overflow: MetricLabels { MetricLabels(pairs: pairs.map { [$0[0], "overflow"] }) }

    var list: [(name: String, value: String)] { pairs.map { ($0[0], $0[1]) } }

    static func < (left: MetricLabels, right: MetricLabels) -> Bool {
        left.pairs.lexicographicallyPrecedes(right.pairs) { $0.lexicographicallyPrecedes($1) }
    }
}
