@preconcurrency import Dispatch
import Foundation
import RPC
import RPCTransport

/// Ends a server in order when the process is asked to (SIGTERM), and waits for nobody any more when
/// it is asked again.
final class Termination: Sendable {
    private let sources: [any DispatchSourceSignal]

    init(_ server: RPCServer, readiness: Readiness, times: DrainTimes) {
        signal(SIGPIPE, SIG_IGN)
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .main)
            source.setEventHandler {
                if readiness.isDraining { return server.hurry() }
                readiness.startDraining()
                Task { await server.shutdown(times) }
            }
            source.resume()
            return source
        }
    }
}
