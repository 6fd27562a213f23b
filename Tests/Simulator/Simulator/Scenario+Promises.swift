internal import RPC

extension Scenario {
    /// What can be relied on in this scenario, so that more can be demanded.
    struct Promises {
        /// A reset arrives so soon behind the end of its call; nil if something may hold it up.
        var reach: Duration?
        /// Nothing takes so long that a call could hang until its method's deadline.
        var isSwift: Bool
        /// An attempt may arrive before one that was sent before it.
        var mayOvertake: Bool
        /// The most streams that a server allows a connection at any time.
        var maximumStreams: Int
    }

    var promises: Promises {
        let isSteady =
            weather.lostPerMille == 0
            && events.allSatisfy { entry in
                switch entry.event {
                case .block, .weather, .slow: false
                default: true
                }
            }
        let longest = Duration.nanoseconds(Int64(weather.delay.upperBound))
        let streams = events.map { entry in
            if case .settings(_, let streams, _) = entry.event { streams } else { UInt32(0) }
        }
        return Promises(
            reach: isSteady ? longest * 3 + .milliseconds(3) : nil,
            isSwift: isSteady && longest <= .milliseconds(1) && weather.segment >= 1_400
                && serverProfile.maximumConcurrentStreams >= 100,
            mayOvertake: !isSteady || policy.hedging != nil,
            maximumStreams: Int(max(streams.max() ?? 0, serverProfile.maximumConcurrentStreams)))
    }
}
