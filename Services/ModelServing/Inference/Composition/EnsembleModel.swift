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

    /// - Parameter members: the models of the file's members, in their order; nil where one is
    ///   missing.
    public init(_ file: EnsembleFile, members: [ScoringModel?]) throws(Fault) {
        precondition(members.count == file.members.count)
        var places: [[Int]] = []
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
            guard member.positive != nil else {
                throw Fault(description: "\(name) has no single positive class")
            }
            places.append(found)
        }
        self.file = file
        self.members = members
        self.places = places
    }

    /// Whether an optional member is missing.
    public var isDegraded: Bool { members.contains { $0 == nil } }

    var depth: Int { 1 + (members.compactMap { $0?.depth }.max() ?? 0) }

    /// The members' values and what becomes of them; NaN if a member answers none.
    func score(_ row: [Double]) -> Scored {
        var margin: [Double] = []
        var degraded = isDegraded
        var values: [(value: Double, member: EnsembleFile.Member)] = []
        for (index, member) in members.enumerated() {
            guard let member, let positive = member.positive else { continue }
            let scored = member.score(places[index].map { row[$0] })
            degraded = degraded || scored.degraded
            let value =
                file.space == .margin && file.combination != .vote
                ? scored.margin.last ?? .nan : scored.probability[positive]
            values.append((value, file.members[index]))
        }
        let combined = combine(values)
        margin = [combined.margin]
        return Scored(margin: margin, probability: [combined.probability], degraded: degraded)
    }

    private func combine(
        _ values: [(value: Double, member: EnsembleFile.Member)]
    ) -> (margin: Double, probability: Double) {
        let plain = values.map(\.value)
        if plain.contains(where: \.isNaN) { return (.nan, .nan) }
        switch file.combination {
        case .mean: return linked(weightedMean(plain.map { ($0, 1) }))
        case .weighted: return linked(weightedMean(values.map { ($0.value, $0.member.weight) }))
        case .vote:
            // A tie goes to the positive class.
            let votes = values.filter { $0.value >= $0.member.threshold }.count
            let share = Double(votes) / Double(values.count)
            return (share, share)
        case .max:
            let largest = plain.max() ?? .nan
            return (largest, largest)
        case .median:
            let sorted = plain.sorted()
            let middle = sorted.count / 2
            let median =
                sorted.count % 2 == 1
                ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
            return (median, median)
        case .stack:
            guard let stack = file.stack else { return (.nan, .nan) }
            return (stack.margins(plain)[0], stack.probabilities(plain)[0])
        }
    }

    /// Σ wᵢ vᵢ / Σ wᵢ in member order.
    private func weightedMean(_ values: [(value: Double, weight: Double)]) -> Double {
        var (sum, weights) = (0.0, 0.0)
        for (value, weight) in values {
            sum += weight * value
            weights += weight
        }
        return sum / weights
    }

    /// The mean of margins becomes a probability by the logistic function.
    private func linked(_ mean: Double) -> (margin: Double, probability: Double) {
        (mean, file.space == .margin ? Link.sigmoid(mean) : mean)
    }
}
