internal import AssayMessages

/// How many units met each arm, of every epoch.
struct ExposureCounts: Sendable, Equatable {
    struct Epoch: Hashable, Sendable {
        var experiment: String
        var epoch: UInt32
    }

    struct Units: Sendable, Equatable {
        /// Units that analysis counts, by arm.
        var arms: [String: UInt64] = [:]
        var crossovers: UInt64 = 0
        var forced: UInt64 = 0

        /// All of them that analysis counts.
        var total: UInt64 { arms.values.reduce(0, +) }
    }

    private(set) var byEpoch: [Epoch: Units] = [:]

    /// Counts a row that is new, or that another one replaces.
    mutating func replace(_ old: AssayModelsV1.Exposure?, with new: AssayModelsV1.Exposure) {
        let epoch = Epoch(experiment: new.experiment, epoch: new.epoch)
        var units = byEpoch[epoch] ?? Units()
        if let old { units.count(old, -1) }
        units.count(new, 1)
        byEpoch[epoch] = units
    }

    func units(_ experiment: String, epoch: UInt32) -> Units {
        byEpoch[Epoch(experiment: experiment, epoch: epoch)] ?? Units()
    }
}

extension ExposureCounts.Units {
    fileprivate mutating func count(_ exposure: AssayModelsV1.Exposure, _ sign: Int) {
        func add(_ count: inout UInt64) {
            if sign > 0 { count += 1 } else if count > 0 { count -= 1 }
        }
        if exposure.forced {
            add(&forced)
        } else if exposure.crossover {
            add(&crossovers)
        } else {
            add(&arms[exposure.arm, default: 0])
        }
    }
}
