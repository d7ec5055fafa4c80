#!/usr/bin/env -S holter probe -s
#pragma D option quiet

http-server:::request-start
{
	self->rows = 0;
	@inflight = count();
}

handlers.js:query:entry
{
	self->rows += arg0;
}

handlers.js:query:return
{
	@query["query, us"] = quantize(duration / 1000);
}

http-server:::request-done
{
	@route[route, status] = quantize(duration / 1000);
	@rows[route] = sum(self->rows);
}

router.js:findRoute:return
{
	@router["findRoute, ns"] = quantize(duration);
}

node:::gc-done
{
	@gc[kind] = count();
	@pause[kind] = max(duration / 1000);
}

log:console::log-warn
{
	@warnings[message] = count();
}

END
{
	printf("requests by route and status, us\n"); printa(@route);
	printf("the database, us\n"); printa(@query);
	printf("rows by route\n"); printa(@rows);
	printf("the router, ns\n"); printa(@router);
	printf("collections, longest pause in us\n"); printa("  %-20s %@8d %@8d\n", @gc, @pause);
	printf("\nwarnings\n"); printa(@warnings);
}
