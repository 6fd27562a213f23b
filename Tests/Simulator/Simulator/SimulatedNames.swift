package import NIOCore
package import RPC
internal import RPCTransport

/// The resolver of a simulation: answers what the scenario says, a while after it was asked.
///
/// Sendable: a simulation has one thread.
package final class SimulatedNames: EndpointSource, @unchecked Sendable {
    package enum Answer {
        case endpoints([Endpoint])
        case failure(String)
        /// None comes.
        case silence
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    package var answer: Answer
    package let interval = Duration.seconds(30)
    private let network: SimulatedNetwork
    private(set) var asked = 0

    init(_ answer: Answer, _ network: SimulatedNetwork) {
        self.answer = answer
        self.network = network
    }

    package func resolve(on eventLoop: any EventLoop) -> EventLoopFuture<[Endpoint]> {
        asked += 1
        let promise = eventLoop.makePromise(of: [Endpoint].self)
        network.loop.after(network.travelTime()) {
            switch self.answer {
            case .endpoints(let endpoints): promise.succeed(endpoints)
            case .failure(let reason): promise.fail(Failure(description: reason))
            // A promise must be kept; by then nobody listens.
            case .silence: self.network.loop.after(60_000_000_000) { promise.succeed([]) }
            }
        }
        return promise.futureResult
    }
}
