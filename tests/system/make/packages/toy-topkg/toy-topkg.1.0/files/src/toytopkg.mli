val report : unit -> unit
