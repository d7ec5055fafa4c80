#!/usr/bin/env -S holter probe -s
#pragma D option quiet

node-json*:::parse-start
{
	self->ts = timestamp;
	this->size = strlen(copyinstr(arg0));
	printf("JSON.parse() of %d characters\n", this->size);
}

node-json*:::parse-done
/self->ts/
{
	this->took = timestamp - self->ts;
	printf("JSON.parse() took %d ns\n", this->took);
	@["parse"] = quantize(this->took);
	self->ts = 0;
}

node-json*:::stringify-start
{
	self->ts = timestamp;
}

node-json*:::stringify-done
/self->ts/
{
	this->took = timestamp - self->ts;
	printf("JSON.stringify() took %d ns\n", this->took);
	@["stringify"] = quantize(this->took);
	self->ts = 0;
}
