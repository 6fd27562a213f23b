internal import Crypto

/// A Lua script that the server runs as one step, called by the hash of its text.
public struct RedisScript: Sendable, Hashable {
    public let source: String
    /// SHA-1 of the text in lower-case hexadecimal, which is how the server names it.
    let digest: [UInt8]

    public init(_ source: String) {
        self.source = source
        let digits = Array("0123456789abcdef".utf8)
        digest = Insecure.SHA1.hash(data: Array(source.utf8)).flatMap {
            [digits[Int($0 >> 4)], digits[Int($0 & 15)]]
        }
    }

    /// Calls the script. All keys must be in one slot of a cluster.
    public func command(keys: [[UInt8]], _ arguments: [[UInt8]]) -> RedisCommand {
        var words: [[UInt8]] = [Self.name, digest, Array("\(keys.count)".utf8)]
        words.reserveCapacity(3 + keys.count + arguments.count)
        words += keys
        words += arguments
        return RedisCommand(words)
    }

    /// The beginning of a call whose keys and arguments are appended one by one.
    public func request(keys: Int, arguments: Int) -> RedisRequest {
        var request = RedisRequest(arguments: 3 + keys + arguments)
        request.append(Self.name)
        request.append(digest)
        request.append(Int64(keys))
        return request
    }

    /// The same with the script's text, for a server that has forgotten it; it knows it afterwards.
    public func requestWithSource(keys: Int, arguments: Int) -> RedisRequest {
        var request = RedisRequest(arguments: 3 + keys + arguments)
        request.append(Self.longName)
        request.append(Array(source.utf8))
        request.append(Int64(keys))
        return request
    }

    private static let longName = Array("EVAL".utf8)

    /// Makes the script known to a server.
    var load: RedisCommand { RedisCommand("SCRIPT", "LOAD", source) }

    private static let name = Array("EVALSHA".utf8)
}
