internal import AssayMessages
internal import Inference
internal import RPC

/// From which score on each of two versions selects a call.
struct Thresholds: Sendable, Equatable {
    let baseline: Double
    let challenger: Double
}

extension Thresholds {
    /// Those that a request states; nil if it leaves them to the versions' bands.
    init?(_ request: AssayModelsV1.CompareRequest) throws(RPCError) {
        guard let threshold = request.threshold else {
            guard request.challengerThreshold == nil else {
                throw .invalid(
                    "challenger_threshold", "the baseline's is not stated: threshold")
            }
            return nil
        }
        guard request.band.isEmpty else {
            throw .invalid("band", "a threshold is stated too; say one of them")
        }
        self.init(
            baseline: threshold, challenger: request.challengerThreshold ?? threshold)
    }
}

extension ServingVersion {
    /// The least score of a band, or of the highest one.
    func edge(of name: String) throws(RPCError) -> Double {
        guard let bands = post.bands, !bands.edges.isEmpty else {
            throw .invalid(
                "threshold",
                "version \(number) has no bands; say from which score on a call is selected")
        }
        guard let place = name.isEmpty ? bands.edges.count : bands.names.firstIndex(of: name)
        else {
            throw .invalid(
                "band",
                "version \(number) has \(bands.names.joined(separator: ", ")), not \"\(name)\""
                    + NearNames.hint(name, among: bands.names))
        }
        guard place > 0 else {
            throw .invalid(
                "band", "\"\(name)\" is the lowest of version \(number): every call is selected")
        }
        // A band takes its upper edge, so the next one begins behind it.
        return bands.edges[place - 1].nextUp
    }
}
