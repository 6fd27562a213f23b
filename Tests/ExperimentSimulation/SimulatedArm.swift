internal import Statistics

/// The running sums of one arm: an analysis of 30 looks need not add up 30 times.
struct SimulatedArm {
    private let metric: SimulatedMetric
    private var count = 0
    private var events = 0
    private var y = 0.0
    private var x = 0.0
    private var yy = 0.0
    private var xy = 0.0
    private var xx = 0.0

    init(_ metric: SimulatedMetric) { self.metric = metric }

    mutating func add(_ units: Int, _ random: inout SimulatedDraws) {
        count += units
        if case .share(let probability) = metric {
            events += random.events(among: units, probability)
            return
        }
        for _ in 0..<units {
            let value = metric.draw(&random)
            y += value.y
            x += value.x
            yy += value.y * value.y
            xy += value.x * value.y
            xx += value.x * value.x
        }
    }

    /// The metric's value, and the variance of one unit's part in it.
    var sample: Sample {
        if case .share = metric { return Sample(Share(events: events, trials: count)) }
        let n = Double(count)
        let ratio = y / x
        let mean = x / n
        if case .lossRatio = metric {
            let squares = (yy - 2 * ratio * xy + ratio * ratio * xx) / (mean * mean)
            return Sample(mean: ratio, variance: squares / (n - 1), count: count)
        }
        return Sample(mean: y / n, variance: (yy - y * y / n) / (n - 1), count: count)
    }

    /// Of a share, exactly.
    var share: Share { Share(events: events, trials: count) }
}
