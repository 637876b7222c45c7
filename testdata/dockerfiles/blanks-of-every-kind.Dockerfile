 	 FROMa 
 RUN	b c	
LABEL x=y
LABEL x=y z=w
