/// Several models that answer one row together.
public final class EnsembleModel: Sendable {
    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    public let file: EnsembleFile
    /// In the file's order; nil for an optional one that is not there.
    public let members: [ScoringModel?]
    /// For each member, the row's place of each of its inputs.
    let places: [[Int]]
    /// The members that are there, in the file's order.
    private let present: [Present]

    private struct Present {
        let index: Int
        let model: ScoringModel
        /// The place of the adverse event among its probabilities.
        let positive: Int
    }

    /// - Parameter members: the models of the file's members, in their order; nil where one is
    ///   missing.
    public init(_ file: EnsembleFile, members: [ScoringModel?]) throws(Fault) {
        precondition(members.count == file.members.count)
        var places: [[Int]] = []
        var present: [Present] = []
        let inputs = Dictionary(
            file.inputs.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        for (member, stated) in zip(members, file.members) {
            let name = "\(stated.model) \(stated.version)"
            guard let member else {
                guard stated.isOptional else { throw Fault(description: "\(name) is missing") }
                places.append([])
                continue
            }
            guard member.depth < EnsembleFile.depthLimit else {
                throw Fault(description: "\(name) nests ensembles too deep")
            }
            guard member.inputNames.count == member.inputCount else {
                throw Fault(description: "\(name) does not name its inputs")
            }
            var found: [Int] = []
            for input in member.inputNames {
                guard let place = inputs[input] else {
                    throw Fault(description: "\(name) needs the input \(input)")
                }
                found.append(place)
            }
            guard let positive = member.positive else {
                throw Fault(description: "\(name) has no single positive class")
            }
            present.append(Present(index: places.count, model: member, positive: positive))
            places.append(found)
        }
        self.file = file
        self.members = members
        self.places = places
        self.present = present
    }

    /// Whether an optional member is missing.
    public var isDegraded: Bool { members.contains { $0 == nil } }

    var depth: Int { 1 + (members.compactMap { $0?.depth }.max() ?? 0) }

    /// The members' values and what becomes of them; NaN if a member answers none.
    func score(
        _ row: UnsafeBufferPointer<Double>, _ scratch: ScoringScratch
    ) -> (margin: Double, probability: Double, degraded: Bool) {
        scratch.withNumbers(present.count) { values in
            var degraded = isDegraded
            for (place, member) in present.enumerated() {
                let answer = self.answer(of: member, row, scratch)
                values[place] = answer.value
                degraded = degraded || answer.degraded
            }
            let combined = combine(values, scratch)
            return (combined.margin, combined.probability, degraded)
        }
    }

    /// What one member contributes: a vote, a maximum and a median are taken of probabilities.
    private func answer(
        of member: Present, _ row: UnsafeBufferPointer<Double>, _ scratch: ScoringScratch
    ) -> (value: Double, degraded: Bool) {
        let model = member.model
        return scratch.withNumbers(model.inputCount) { inputs in
            for (input, place) in places[member.index].enumerated() { inputs[input] = row[place] }
            return scratch.withNumbers(model.marginCount) { margins in
                scratch.withNumbers(model.probabilityCount) { probabilities in
                    let degraded = model.score(
                        UnsafeBufferPointer(inputs), .whole, scratch, margins: margins,
                        probabilities: probabilities)
                    let takesMargin = file.space == .margin && file.combination != .vote
                    let value =
                        takesMargin ? margins[margins.count - 1] : probabilities[member.positive]
                    return (value, degraded)
                }
            }
        }
    }

    private func combine(
        _ values: UnsafeMutableBufferPointer<Double>, _ scratch: ScoringScratch
    ) -> (margin: Double, probability: Double) {
        if values.contains(where: \.isNaN) { return (.nan, .nan) }
        switch file.combination {
        case .mean: return linked(weightedMean(values) { _ in 1 })
        case .weighted:
            return linked(weightedMean(values) { file.members[present[$0].index].weight })
        case .vote:
            var votes = 0
            // A tie goes to the positive class.
            for (place, member) in present.enumerated()
            where values[place] >= file.members[member.index].threshold { votes += 1 }
            let share = Double(votes) / Double(values.count)
            return (share, share)
        case .max:
            let largest = values.max() ?? .nan
            return (largest, largest)
        case .median:
            var sorted = values
            sorted.sort()
            let middle = sorted.count / 2
            let median =
                sorted.count % 2 == 1
                ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
            return (median, median)
        case .stack: return stacked(UnsafeBufferPointer(values), scratch)
        }
    }

    private func stacked(
        _ values: UnsafeBufferPointer<Double>, _ scratch: ScoringScratch
    ) -> (margin: Double, probability: Double) {
        guard let stack = file.stack else { return (.nan, .nan) }
        return scratch.withNumbers(stack.marginCount) { margins in
            scratch.withNumbers(stack.probabilityCount) { probabilities in
                stack.margins(values, .whole, scratch.scratch(for: stack), into: margins)
                stack.probabilities(
                    fromMargins: UnsafeBufferPointer(margins), into: probabilities)
                return (margins[0], probabilities[0])
            }
        }
    }

    /// Σ wᵢ vᵢ / Σ wᵢ in member order.
    private func weightedMean(
        _ values: UnsafeMutableBufferPointer<Double>, _ weight: (Int) -> Double
    ) -> Double {
        var (sum, weights) = (0.0, 0.0)
        for place in values.indices {
            sum += weight(place) * values[place]
            weights += weight(place)
        }
        return sum / weights
    }

    /// The mean of margins becomes a probability by the logistic function.
    private func linked(_ mean: Double) -> (margin: Double, probability: Double) {
        (mean, file.space == .margin ? Link.sigmoid(mean) : mean)
    }
}
